//! What a guest said of its own end on standard error: runtimes that know nothing of the contract report panics there.

/// Bytes of a line that are kept.
const LINE_BYTES: usize = 512;

/// The line of standard error that says why a program ends, as far as it can be told.
#[derive(Debug, Default)]
pub struct LastWords {
    /// The last line by which a runtime announces a panic.
    announced: Option<String>,
    /// Whether the next line goes on with it.
    goes_on: bool,
    /// The last line that is not indented: where Python and JavaScript say what was raised.
    last: Option<String>,
}

impl LastWords {
    /// Takes a line of standard error.
    pub fn add(&mut self, line: &str) {
        let line = line.get(..line.floor_char_boundary(LINE_BYTES)).unwrap_or_default().trim_end();
        if line.is_empty() {
            return;
        }
        if std::mem::take(&mut self.goes_on) {
            if let Some(announced) = &mut self.announced {
                announced.push(' ');
                announced.push_str(line.trim_start());
            }
            return;
        }
        // Go: `panic: index out of range`. Rust: `thread 'main' panicked at src/lib.rs:3:5:`, and the message in the next line.
        if line.starts_with("panic: ") || line.contains("panicked at ") {
            self.goes_on = line.ends_with(':');
            self.announced = Some(line.to_owned());
        } else if !line.starts_with([' ', '\t']) {
            self.last = Some(line.to_owned());
        }
    }

    /// The line; none where nothing was written.
    pub fn line(&self) -> Option<&str> {
        self.announced.as_deref().or(self.last.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let mut words = LastWords::default();
        text.lines().for_each(|line| words.add(line));
        words.line().map(str::to_owned)
    }

    #[test]
    fn each_runtime_is_understood() {
        let go = "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.check(...)\n\t/x.go:3 +0x5\n";
        assert_eq!(of(go).unwrap(), "panic: runtime error: index out of range [5] with length 3");
        let rust = "\nthread 'main' (1) panicked at src/lib.rs:3:5:\nno settings\nnote: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(of(rust).unwrap(), "thread 'main' (1) panicked at src/lib.rs:3:5: no settings");
        let python =
            "Traceback (most recent call last):\n  File \"app.py\", line 3, in on_login\nValueError: no settings\n";
        assert_eq!(of(python).unwrap(), "ValueError: no settings");
        assert_eq!(of(""), None);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(of(&"\u{e9}".repeat(LINE_BYTES)).unwrap().len(), LINE_BYTES);
        assert_eq!(of(&format!("x{}", "\u{e9}".repeat(LINE_BYTES))).unwrap().len(), LINE_BYTES - 1);
    }
}
