//! C projects: the .c files of a folder and of the SDK, compiled by clang for wasm32.

use crate::command;
use crate::compiled::{Code, Compiled};
use crate::contract;
use crate::error::BuildError;
use crate::project::Project;
use crate::tools::{self, CLANG, CLANG_LINKER, WASI_LIBC};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The flags of the project, one a line: clangd reads the same file, so that the editor sees what the compiler sees.
const FLAGS: &str = "compile_flags.txt";
/// The header by which the SDK's folder is known.
const HEADER: &str = "postlude.h";
/// Bytes of a plugin's stack, as for Rust.
const STACK_BYTES: usize = 256 * 1024;

/// Compiles the project.
pub(crate) fn compile(project: &Project, debug: bool) -> Result<Compiled, BuildError> {
    let clang = tools::require(&CLANG)?;
    let linker = tools::require(&CLANG_LINKER)?;
    let libc = tools::require(&WASI_LIBC)?;
    let flags = flags(&project.dir)?;
    let sdk = sdk(&project.dir, &flags)?;
    let mut files = sources(&project.dir)?;
    if files.is_empty() {
        let dir = project.dir.display();
        return Err(BuildError::Project(format!("`{dir}` has no .c file, neither at its root nor in `src`")));
    }
    files.extend(sources(&sdk)?);
    let scratch = tempfile::tempdir().map_err(BuildError::file("make a folder in", &std::env::temp_dir()))?;
    let out = scratch.path().join("plugin.wasm");
    let mut command = Command::new(&clang.path);
    command.current_dir(&project.dir).args(target_flags(&libc.path)).args(path_maps(&project.dir, &sdk));
    // wasi-libc's own debug information is of no use to anybody, and keeps the shim in (`crate::shim`).
    command.args(if debug { &["-O0", "-g"][..] } else { &["-Os", "-g0", "-Wl,--strip-debug"] }).args(&flags);
    command.args(["-nostartfiles", "-nodefaultlibs", "-Wl,--no-entry"]);
    command.arg(format!("-Wl,-z,stack-size={STACK_BYTES}")).args(linker_flag(&clang.path, &linker.path)).args(&files);
    command.arg("-lc").args(builtins(&clang.path)).arg("-o").arg(&out);
    command::output("clang", &mut command)?;
    let module = std::fs::read(&out).map_err(BuildError::file("read", &out))?;
    Ok(Compiled {
        code: Code::Module(contract::embed_type(module, contract::PLUGIN)?),
        toolchain: format!("{}, {}", clang.version, linker.version),
        reproducible: true,
        out_dir: project.dir.join("build"),
    })
}

/// The target, and where its C library is: the folder that has `lib/wasm32-wasi/libc.a`.
fn target_flags(libc: &Path) -> Vec<String> {
    let sysroot = libc.ancestors().nth(3).unwrap_or(Path::new("/"));
    vec!["--target=wasm32-wasi".to_owned(), format!("--sysroot={}", sysroot.display())]
}

/// Keeps this machine's paths, and with them its user's name, out of the file: its digest is the same in any folder.
fn path_maps(dir: &Path, sdk: &Path) -> [String; 2] {
    [(dir, "/src"), (sdk, "/sdk")].map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()))
}

/// Debian's clang looks for its linker by another name than the one that is there, so the linker is named unless it is clang's own.
fn linker_flag(clang: &Path, linker: &Path) -> Option<String> {
    (clang.parent() != linker.parent()).then(|| format!("-fuse-ld={}", linker.display()))
}

/// The compiler's own functions, where they are installed: only code with 128-bit numbers or long double needs them.
fn builtins(clang: &Path) -> Option<PathBuf> {
    let mut command = Command::new(clang);
    command.args(["--target=wasm32-wasi", "--rtlib=compiler-rt", "--print-libgcc-file-name"]);
    let path = PathBuf::from(String::from_utf8(command.output().ok()?.stdout).ok()?.trim());
    path.is_file().then_some(path)
}

/// The project's flags; paths in them are relative to its folder.
fn flags(dir: &Path) -> Result<Vec<String>, BuildError> {
    let path = dir.join(FLAGS);
    let text = std::fs::read_to_string(&path).map_err(BuildError::file("read", &path))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The SDK's folder: the one among the include folders that has its header.
fn sdk(dir: &Path, flags: &[String]) -> Result<PathBuf, BuildError> {
    let folders = flags.iter().filter_map(|flag| flag.strip_prefix("-I")).map(|folder| dir.join(folder.trim()));
    let found = folders.into_iter().find(|folder| folder.join(HEADER).is_file());
    let found = found.ok_or_else(|| {
        let path = dir.join(FLAGS);
        BuildError::Project(format!(
            "`{}` names no folder with `{HEADER}`: add the line `-Ipostlude-sdk`, or where the SDK is",
            path.display()
        ))
    })?;
    found.canonicalize().map_err(BuildError::file("find", &found))
}

/// The .c files at the root of a folder, in `src` and in `bindings`, in order of their names: another order would be another digest.
fn sources(dir: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut files = Vec::new();
    for folder in [dir.to_owned(), dir.join("src"), dir.join("bindings")] {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.map_err(BuildError::file("list", &folder))?.path();
            if path.extension().is_some_and(|extension| extension == "c") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_the_include_folder_with_its_header() {
        let dir = tempfile::tempdir().unwrap();
        let flags = ["-std=c11", "-Iinclude", "-Isdk"].map(str::to_owned);
        let why = sdk(dir.path(), &flags).unwrap_err().to_string();
        assert!(why.contains("`-Ipostlude-sdk`"), "{why}");
        std::fs::create_dir(dir.path().join("sdk")).unwrap();
        std::fs::write(dir.path().join("sdk/postlude.h"), "").unwrap();
        assert_eq!(sdk(dir.path(), &flags).unwrap(), dir.path().canonicalize().unwrap().join("sdk"));
    }

    #[test]
    fn sources_are_sorted_and_only_those_of_known_folders() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["src/b.c", "src/a.c", "main.c", "main.h", "build/old.c"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = sources(dir.path()).unwrap();
        let found: Vec<_> = found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["main.c", "src/a.c", "src/b.c"]);
    }

    #[test]
    fn the_sysroot_is_that_of_the_library() {
        let flags = target_flags(Path::new("/opt/x/share/wasi-sysroot/lib/wasm32-wasi/libc.a"));
        assert_eq!(flags.last().unwrap(), "--sysroot=/opt/x/share/wasi-sysroot");
    }
}
