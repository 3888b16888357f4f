//! A small HTTP/1.1 server on its own thread, for responses that no well-behaved server can send.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::fake::Request;

const LONGEST_HEAD: usize = 64 * 1024;

/// What a connection does.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    Whole(Whole),
    TrickleBody { every: Duration },
    TrickleHead { every: Duration },
    Interim,
    Hang,
    HangUp,
    Reset,
    Bytes(Arc<Vec<u8>>),
}

/// What a new connection meets before it sends anything.
#[derive(Clone, Debug, Default)]
pub enum Welcome {
    /// A server that listens and responds.
    #[default]
    Listens,
    /// A server of another protocol: sends these bytes at once and reads nothing.
    Says(Vec<u8>),
    /// A server that accepts the connection and neither reads nor sends anything.
    Silence,
    /// A server that resets the connection at once.
    Reset,
}

/// A response that ends.
#[derive(Clone)]
pub(crate) struct Whole {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Arc<Vec<u8>>,
    /// Whether its length is declared; if not, the end of the connection ends it.
    pub(crate) sized: bool,
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.status, self.body.len())
    }
}

/// Decides on the responses.
pub(crate) trait Service: Send + Sync + 'static {
    /// A connection was opened; no request yet.
    fn connected(&self) -> Welcome {
        Welcome::Listens
    }
    /// A complete request arrived: returns the response and its delay.
    fn answer(&self, request: Request) -> (Wire, Duration);
}

/// A listener on its own thread, so that a test that blocks does not stop it. Ends when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(ip: IpAddr, service: Arc<dyn Service>) -> Self {
        let listener = StdListener::bind((ip, 0)).unwrap_or_else(|e| panic!("cannot listen on {ip}: {e}"));
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("a listener has an address");
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("fake-provider".to_owned())
            .spawn(move || serve(listener, &service, stopped))
            .expect("a thread for the server");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

fn serve(listener: StdListener, service: &Arc<dyn Service>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for the server");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("a listener for tokio");
        tokio::select! {
            () = accept(listener, service) => {}
            _ = stopped => {}
        }
    });
    // Connections that hang or trickle end with the runtime.
    runtime.shutdown_background();
}

async fn accept(listener: TcpListener, service: &Arc<dyn Service>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let welcome = service.connected();
        let service = Arc::clone(service);
        tokio::spawn(async move {
            // A client may disconnect at any moment; that is not a failure of the server.
            let _left = welcomed(stream, welcome, service.as_ref()).await;
        });
    }
}

async fn welcomed(mut stream: TcpStream, welcome: Welcome, service: &dyn Service) -> io::Result<()> {
    match welcome {
        Welcome::Listens => converse(stream, service).await,
        Welcome::Says(words) => {
            stream.write_all(&words).await?;
            until_closed(&mut stream).await
        }
        Welcome::Silence => std::future::pending().await,
        Welcome::Reset => stream.set_zero_linger(),
    }
}

/// Ignores everything until the other end closes.
async fn until_closed(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 4096];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn converse(mut stream: TcpStream, service: &dyn Service) -> io::Result<()> {
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut unread).await? {
        let (wire, after) = service.answer(request);
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        if !send(&mut stream, wire).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends a response; returns true if the connection can be reused.
async fn send(stream: &mut TcpStream, wire: Wire) -> io::Result<bool> {
    match wire {
        Wire::Whole(whole) => send_whole(stream, &whole).await,
        Wire::TrickleBody { every } => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{")
                .await?;
            trickle(stream, b' ', every).await
        }
        Wire::TrickleHead { every } => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await?;
            trickle(stream, b'a', every).await
        }
        Wire::Interim => loop {
            stream.write_all(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(400)).await?;
        },
        Wire::Hang => std::future::pending().await,
        Wire::HangUp => Ok(false),
        Wire::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            Ok(false)
        }
        Wire::Reset => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4096\r\n\r\n{\"five_hour\":{";
            stream.write_all(head.as_bytes()).await?;
            stream.set_zero_linger()?;
            Ok(false)
        }
    }
}

async fn send_whole(stream: &mut TcpStream, whole: &Whole) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} Answer\r\n", whole.status);
    for (name, value) in &whole.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&match whole.sized {
        true => format!("content-length: {}\r\n\r\n", whole.body.len()),
        false => "connection: close\r\n\r\n".to_owned(),
    });
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&whole.body).await?;
    Ok(whole.sized)
}

async fn trickle(stream: &mut TcpStream, byte: u8, every: Duration) -> io::Result<bool> {
    loop {
        stream.write_all(&[byte]).await?;
        tokio::time::sleep(every).await;
    }
}

/// Reads one request; `None` if the client closed the connection between two.
async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<Option<Request>> {
    loop {
        if let Some((mut request, head, length)) = parse_head(unread)? {
            while unread.len() < head + length {
                if stream.read_buf(unread).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            request.body = unread[head..head + length].to_vec();
            request.at_real = SystemTime::now();
            unread.drain(..head + length);
            return Ok(Some(request));
        }
        if unread.len() > LONGEST_HEAD {
            return Err(io::Error::other("a request head without end"));
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
}

/// The request and the lengths of its head and body; `None` until the head is complete.
fn parse_head(unread: &[u8]) -> io::Result<Option<(Request, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(unread).map_err(io::Error::other)? else { return Ok(None) };
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let request = Request::new(parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default(), headers);
    let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    Ok(Some((request, head, length)))
}
