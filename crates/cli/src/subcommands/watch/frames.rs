//! Server-sent events from bytes: the data of each
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>).

/// Bytes of an event; a server that sends more is not ours.
const EVENT_BYTES: usize = 1 << 20;

/// Bytes that did not make a whole event yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    line: Vec<u8>,
    data: String,
}

impl Frames {
    /// Takes some bytes; returns the data of the events that they complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    let line = String::from_utf8_lossy(&line);
                    whole.extend(self.line(line.strip_suffix('\r').unwrap_or(&line)));
                }
                _ if self.line.len() < EVENT_BYTES => self.line.push(*byte),
                _ => {}
            }
        }
        whole
    }

    fn line(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return Some(std::mem::take(&mut self.data)).filter(|data| !data.is_empty());
        }
        if let Some(data) = line.strip_prefix("data:")
            && self.data.len() + data.len() < EVENT_BYTES
        {
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_bytes_are_cut() {
        let stream =
            b": alive\n\nevent: login\nid: 1\ndata: {\"a\":1}\n\ndata:x\r\ndata: y\r\n\r\n: alive\n\ndata: cut";
        for size in 1..stream.len() {
            let mut frames = Frames::default();
            let found: Vec<String> = stream.chunks(size).flat_map(|part| frames.take(part)).collect();
            assert_eq!(found, ["{\"a\":1}", "x\ny"], "in parts of {size}");
        }
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let mut frames = Frames::default();
        (0..3).for_each(|_| drop(frames.take(&vec![b'x'; EVENT_BYTES])));
        assert_eq!(frames.line.len(), EVENT_BYTES);
    }
}
