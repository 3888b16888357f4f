//! Reads a few rows of the screen directly from the X server, fast enough to tell when something is painted.

use std::collections::HashMap;
use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;

use holdoff_world::Desktop;

const GET_IMAGE: u8 = 73;
const Z_PIXMAP: u8 = 2;
/// One row in this many is read.
const EVERY: u32 = 6;

pub struct Screen {
    server: UnixStream,
    root: u32,
    size: (u32, u32),
}

impl Screen {
    pub fn of(desktop: &Desktop) -> Result<Self> {
        let number = desktop.display().trim_start_matches(':');
        let mut server = UnixStream::connect(format!("/tmp/.X11-unix/X{number}"))?;
        // Little-endian, version 11.0, no authorization.
        server.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        let mut head = [0; 8];
        server.read_exact(&mut head)?;
        let mut setup = vec![0; usize::from(u16::from_le_bytes([head[6], head[7]])) * 4];
        server.read_exact(&mut setup)?;
        if head[0] != 1 {
            return Err(std::io::Error::other("the X server does not let us in"));
        }
        // The screens come after 32 bytes, the vendor's name and 8 bytes for each pixel format. A screen begins with
        // the number of its root window.
        let vendor = usize::from(u16::from_le_bytes([setup[16], setup[17]])).next_multiple_of(4);
        let screen = 32 + vendor + usize::from(setup[21]) * 8;
        let root = u32::from_le_bytes(setup[screen..screen + 4].try_into().map_err(std::io::Error::other)?);
        Ok(Self { server, root, size: desktop.size() })
    }

    /// Every colour in these rows, as red, green and blue in one number, and its number of pixels.
    pub fn colours(&mut self) -> Result<HashMap<u32, usize>> {
        let (width, height) = self.size;
        let rows: Vec<u32> = (0..height).step_by(EVERY as usize).collect();
        let mut asked = Vec::new();
        for row in &rows {
            asked.extend([GET_IMAGE, Z_PIXMAP, 5, 0]);
            asked.extend(self.root.to_le_bytes());
            for part in [0, *row as u16, width as u16, 1] {
                asked.extend(part.to_le_bytes());
            }
            asked.extend(u32::MAX.to_le_bytes());
        }
        self.server.write_all(&asked)?;
        let mut colours = HashMap::new();
        for _ in rows {
            let row = self.reply()?;
            for pixel in row.chunks_exact(4) {
                *colours.entry(u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0])).or_default() += 1;
            }
        }
        Ok(colours)
    }

    fn reply(&mut self) -> Result<Vec<u8>> {
        let mut head = [0; 32];
        self.server.read_exact(&mut head)?;
        if head[0] != 1 {
            return Err(std::io::Error::other(format!("the X server reports error {}", head[1])));
        }
        let words = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let mut data = vec![0; words as usize * 4];
        self.server.read_exact(&mut data)?;
        Ok(data)
    }
}
