//! Bytes that may hold a token: wiped when they are dropped, and never left behind where they had too little room.

use std::io::{self, Read};
use zeroize::Zeroizing;

/// Adds `more`, in a larger place if need be; the smaller one is wiped.
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

/// All of it, of which there are `about` so many bytes.
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
    fn nothing_is_lost_on_the_way_to_a_larger_place() {
        let text: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for about in [0, 1, 9_999, 10_000, 20_000] {
            assert_eq!(*read_to_end(&text[..], about).unwrap(), text, "{about}");
        }
        let mut bytes = Zeroizing::new(Vec::new());
        text.chunks(77).for_each(|chunk| append(&mut bytes, chunk));
        assert_eq!(*bytes, text);
    }
}
