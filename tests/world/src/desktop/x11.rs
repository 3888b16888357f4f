//! The one thing that no available tool does: asks a window to close as its close button does.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

const INTERN_ATOM: u8 = 16;
const SEND_EVENT: u8 = 25;
const GET_INPUT_FOCUS: u8 = 43;
const CLIENT_MESSAGE: u8 = 33;

/// Sends WM_DELETE_WINDOW to a window, and returns when the X server has passed it on.
pub(super) fn ask_to_close(display: &str, window: u32) -> std::io::Result<()> {
    let mut server = connect(display)?;
    let protocols = intern_atom(&mut server, b"WM_PROTOCOLS")?;
    let delete = intern_atom(&mut server, b"WM_DELETE_WINDOW")?;
    let mut event = vec![CLIENT_MESSAGE, 32, 0, 0];
    for word in [window, protocols, delete, 0, 0, 0, 0] {
        event.extend(word.to_le_bytes());
    }
    let mut request = vec![SEND_EVENT, 0, 11, 0];
    request.extend(window.to_le_bytes());
    request.extend(0_u32.to_le_bytes());
    request.extend(event);
    server.write_all(&request)?;
    // Requests are processed in order: a reply to this one means that the one above is done.
    server.write_all(&[GET_INPUT_FOCUS, 0, 1, 0])?;
    reply(&mut server).map(|_| ())
}

fn connect(display: &str) -> std::io::Result<UnixStream> {
    let mut server = UnixStream::connect(format!("/tmp/.X11-unix/X{}", display.trim_start_matches(':')))?;
    // Little-endian, version 11.0, no authorization.
    server.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    let mut head = [0; 8];
    server.read_exact(&mut head)?;
    let mut rest = vec![0; usize::from(u16::from_le_bytes([head[6], head[7]])) * 4];
    server.read_exact(&mut rest)?;
    match head[0] {
        1 => Ok(server),
        _ => Err(std::io::Error::other("the X server does not let us in")),
    }
}

fn intern_atom(server: &mut UnixStream, name: &[u8]) -> std::io::Result<u32> {
    let padded = name.len().next_multiple_of(4);
    let mut request = vec![INTERN_ATOM, 0, (2 + padded / 4) as u8, 0, name.len() as u8, 0, 0, 0];
    request.extend(name);
    request.resize(8 + padded, 0);
    server.write_all(&request)?;
    let reply = reply(server)?;
    Ok(u32::from_le_bytes([reply[8], reply[9], reply[10], reply[11]]))
}

/// The next reply; events are skipped.
fn reply(server: &mut UnixStream) -> std::io::Result<[u8; 32]> {
    loop {
        let mut answer = [0; 32];
        server.read_exact(&mut answer)?;
        match answer[0] {
            0 => return Err(std::io::Error::other(format!("the X server reports error {}", answer[1]))),
            1 => return Ok(answer),
            _ => {}
        }
    }
}
