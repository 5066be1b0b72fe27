//! What a guest writes to its standard output and error, cut into lines.

/// Bytes of one line; a longer one continues in the next. Ours is no terminal: a traceback's lines have some 100.
const LINE_BYTES: usize = 8 << 10;

/// A stream of output whose last line is not complete yet.
#[derive(Debug, Default)]
pub struct Output {
    line: Vec<u8>,
}

impl Output {
    /// Takes some bytes and hands out each line that they complete, without its end.
    pub fn write(&mut self, mut bytes: &[u8], mut complete: impl FnMut(&str)) {
        while !bytes.is_empty() {
            let room = LINE_BYTES.saturating_sub(self.line.len()).min(bytes.len());
            let (here, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            match here.iter().position(|byte| *byte == b'\n').and_then(|at| bytes.split_at_checked(at)) {
                Some((end, rest)) => {
                    self.line.extend_from_slice(end);
                    self.finish(&mut complete);
                    bytes = rest.get(1..).unwrap_or_default();
                }
                None => {
                    self.line.extend_from_slice(here);
                    bytes = later;
                    if self.line.len() >= LINE_BYTES {
                        self.finish(&mut complete);
                    }
                }
            }
        }
    }

    /// Hands out the last line, unless nothing is in it.
    pub fn end(&mut self, mut complete: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.finish(&mut complete);
        }
    }

    fn finish(&mut self, complete: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.line);
        complete(line.strip_suffix('\r').unwrap_or(&line));
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(writes: &[&[u8]]) -> Vec<String> {
        let (mut output, mut lines) = (Output::default(), Vec::new());
        for bytes in writes {
            output.write(bytes, |line| lines.push(line.to_owned()));
        }
        output.end(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_are_put_together_and_long_ones_are_cut() {
        assert_eq!(lines(&[b"a", b"b\n\nc\r\nd"]), ["ab", "", "c", "d"]);
        assert_eq!(lines(&[b"a\n", b""]), ["a"]);
        assert_eq!(lines(&[b"\xff\n"]), ["\u{fffd}"]);
        let long = [b'x'; 2 * LINE_BYTES + 1];
        let cut: Vec<usize> = lines(&[&long, b"\nend"]).iter().map(String::len).collect();
        assert_eq!(cut, [LINE_BYTES, LINE_BYTES, 1, 3]);
    }
}
