//! Go projects: a main package, compiled by Go's own compiler as a WASI reactor.

use crate::command;
use crate::compiled::{Code, Compiled};
use crate::contract;
use crate::error::BuildError;
use crate::project::Project;
use crate::tools::{self, GO};
use std::process::Command;

/// Compiles the project.
pub(crate) fn compile(project: &Project, debug: bool) -> Result<Compiled, BuildError> {
    let go = tools::require(&GO)?;
    let scratch = tempfile::tempdir().map_err(BuildError::file("make a folder in", &std::env::temp_dir()))?;
    let out = scratch.path().join("plugin.wasm");
    let mut command = Command::new(&go.path);
    command.current_dir(&project.dir);
    // `-trimpath` keeps this machine's paths out, `-buildvcs=false` the state of the repository: the digest is that of the source.
    command.args(["build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared"]);
    // Memory before the start of Go's runtime is taken from the runtime itself, by a name that the linker else guards.
    let flags = if debug { "-checklinkname=0" } else { "-checklinkname=0 -s -w" };
    command.args(["-ldflags", flags, "-o"]).arg(&out).arg(".");
    command.env("GOOS", "wasip1").env("GOARCH", "wasm").env("CGO_ENABLED", "0").env_remove("GOFLAGS");
    command::output("go build", &mut command)?;
    let module = std::fs::read(&out).map_err(BuildError::file("read", &out))?;
    Ok(Compiled {
        code: Code::Module(contract::embed_type(module, contract::PLUGIN)?),
        toolchain: go.version,
        reproducible: true,
        out_dir: project.dir.join("build"),
    })
}
