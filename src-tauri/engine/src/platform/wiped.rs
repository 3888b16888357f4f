//! Buffers that may hold a token: wiped when dropped, and when they are replaced by a larger one.

use std::io::{self, Read};
use zeroize::Zeroizing;

/// Appends `more`. If the buffer has to grow, the smaller one is wiped.
pub(crate) fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    make_room(bytes, more.len());
    bytes.extend_from_slice(more);
}

fn make_room(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        let mut larger = Zeroizing::new(Vec::with_capacity(bytes.capacity().saturating_mul(2).max(bytes.len() + more)));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
}

/// Reads to the end. `about` is the expected number of bytes.
pub(crate) fn read_to_end(mut from: impl Read, about: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(about + 1));
    loop {
        make_room(&mut bytes, 1);
        let (had, room) = (bytes.len(), bytes.capacity());
        bytes.resize(room, 0);
        let read = from.read(&mut bytes[had..]);
        bytes.truncate(had + read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(0) => return Ok(bytes),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_buffer_keeps_its_content_when_it_grows() {
        let text: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for about in [0, 1, 9_999, 10_000, 20_000] {
            assert_eq!(*read_to_end(&text[..], about).unwrap(), text, "{about}");
        }
        let mut bytes = Zeroizing::new(Vec::new());
        text.chunks(77).for_each(|chunk| append(&mut bytes, chunk));
        assert_eq!(*bytes, text);
    }

    /// As a debugger of the same user would look for it.
    #[cfg(target_os = "linux")]
    #[test]
    fn wiped_buffer_clears_the_old_memory_when_it_grows() {
        /// It stands nowhere as it is but where it was read to.
        struct Masked<'a>(&'a [u8]);
        impl Read for Masked<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let (now, later) = self.0.split_at(into.len().min(self.0.len()));
                into.iter_mut().zip(now).for_each(|(to, from)| *to = from ^ MASK);
                self.0 = later;
                Ok(now.len())
            }
        }
        const MASK: u8 = 0xa5;
        let drawn: Vec<u8> = (0..4).flat_map(|_| crate::platform::random::number().to_ne_bytes()).collect();
        let mut masked: Vec<u8> = drawn.iter().map(|byte| (b'a' + byte % 26) ^ MASK).collect();
        let secret = masked.clone();
        masked.resize(1000, MASK);
        let mut bytes = read_to_end(Masked(&masked), 0).unwrap();
        assert!(copies(&secret, MASK) > 0, "it is looked for where it is");
        append(&mut bytes, &[0; 2000]);
        drop(bytes);
        assert_eq!(copies(&secret, MASK), 0);
    }

    /// How often it is in what this process may write of its memory.
    #[cfg(target_os = "linux")]
    fn copies(masked: &[u8], mask: u8) -> usize {
        use std::os::unix::fs::FileExt;
        use zeroize::Zeroize;
        let memory = std::fs::File::open("/proc/self/mem").unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut found = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // A page may be gone by now, or be one that nobody may read.
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                bytes.iter_mut().for_each(|byte| *byte ^= mask);
                let mut rest = bytes.as_slice();
                while let Some(at) = rest.iter().position(|byte| *byte == masked[0]) {
                    found += usize::from(rest[at..].starts_with(masked));
                    rest = &rest[at + 1..];
                }
            }
            bytes.zeroize();
        }
        found
    }
}
