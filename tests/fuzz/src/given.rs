//! Splits an input: some bytes for choices, some lines, and the rest unchanged.

/// The rest of an input. After its end, everything is zero and empty.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a>(pub &'a [u8]);

impl<'a> Given<'a> {
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub fn long(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    pub fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// The text up to the next line feed, as in a header: `None` if it is not ASCII.
    pub fn line(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == b'\n').unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        let plain = line.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t');
        plain.then(|| String::from_utf8_lossy(line).into_owned())
    }

    /// A piece with a two-byte length prefix.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.short()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}
