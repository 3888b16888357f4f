//! An HTTP client that hides nothing of what came back.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came over the wire.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// How the connection ended, if not by the server closing it.
    pub error: Option<std::io::ErrorKind>,
}

impl Reply {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// Connects to `base` and sends one request, with `Connection: close`-like patience: reads until the end or `patience`.
pub async fn ask(base: &str, method: &str, path: &str, headers: &str, body: &str, patience: Duration) -> Reply {
    let mut stream = connect(base).await;
    send(&mut stream, method, path, headers, body).await;
    read(&mut stream, patience).await
}

/// A request for usage as Holdoff sends it.
pub async fn usage(base: &str, token: &str) -> Reply {
    let headers = format!("Authorization: Bearer {token}\r\nUser-Agent: holdoff/0.1.0\r\n");
    ask(base, "GET", "/api/oauth/usage", &headers, "", Duration::from_secs(10)).await
}

/// A refresh-token grant. Its status is 0 if the connection ended without an answer.
pub async fn grant(base: &str, refresh_token: &str) -> Reply {
    let body = format!(r#"{{"grant_type":"refresh_token","refresh_token":"{refresh_token}"}}"#);
    ask(base, "POST", "/v1/oauth/token", "User-Agent: holdoff/0.1.0\r\n", &body, Duration::from_secs(10)).await
}

pub async fn connect(base: &str) -> TcpStream {
    TcpStream::connect(base.trim_start_matches("http://")).await.expect("the server listens")
}

pub async fn send(stream: &mut TcpStream, method: &str, path: &str, headers: &str, body: &str) {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.expect("a request that leaves");
}

/// Reads one reply: as many bytes as it says it has, or until the server closes, or until `patience` ends.
pub async fn read(stream: &mut TcpStream, patience: Duration) -> Reply {
    let mut bytes = Vec::new();
    let mut error = None;
    let reading = async {
        while !is_whole(&bytes) {
            match stream.read_buf(&mut bytes).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(e) => return error = Some(e.kind()),
            }
        }
    };
    if tokio::time::timeout(patience, reading).await.is_err() {
        error = Some(std::io::ErrorKind::TimedOut);
    }
    let (head, body) = split(&bytes).unwrap_or_else(|| (String::from_utf8_lossy(&bytes).into_owned(), Vec::new()));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_ascii_lowercase(), body, error }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some((head, body)) = split(bytes) else { return false };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn split(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes[end + 4..].to_vec()))
}
