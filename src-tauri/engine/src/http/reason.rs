//! Explains a failed request to the user, based on the error types. The error's own text is not repeated, because it may quote
//! data that was sent or received.

use super::SendCancelled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use std::error::Error;
use std::io;
use tower_service::Service;

/// A proxy's response to CONNECT. The library does not export this error type by name; it is reachable as an associated type.
type TunnelError = <Tunnel<HttpConnector> as Service<hyper::Uri>>::Error;

/// The causes, nearest first, including the error inside an [`io::Error`], which its `source` omits.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| match cause.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|made_of| made_of as &(dyn Error + 'static)),
        None => (*cause).source(),
    })
}

/// Our own error: why a started request was not sent.
pub(super) fn cancelled(error: &reqwest::Error) -> Option<SendCancelled> {
    causes(error).find_map(|cause| cause.downcast_ref().copied())
}

/// Why a client could not be built.
pub(super) fn of_setup(error: &reqwest::Error) -> &'static str {
    // The system certificate verifier has one general error: no certificates found.
    let none = |cause: &(dyn Error + 'static)| {
        matches!(cause.downcast_ref::<rustls::Error>(), Some(rustls::Error::General(_)))
    };
    if causes(error).any(none) { "this computer has no trusted certificates" } else { "local TLS error" }
}

/// Why a request was not answered.
pub(super) fn of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    if let Some(why) = cancelled(error) {
        return why.to_string();
    }
    let why = causes(error).find_map(of_proxy);
    let why = why.or_else(|| error.is_dns().then_some("DNS lookup failed"));
    let why = why.or_else(|| causes(error).find_map(of_cause));
    why.unwrap_or(if error.is_connect() { "no connection" } else { "the connection broke" }).to_owned()
}

fn of_proxy(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    match cause.downcast_ref::<TunnelError>()? {
        TunnelError::ProxyAuthRequired => Some("the proxy requires a user name and password"),
        TunnelError::ConnectFailed(_) => Some("no connection to the proxy"),
        TunnelError::Io(_) => None,
        _ => Some("the proxy refused the request"),
    }
}

fn of_cause(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return of_io(io);
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        let distrusted = matches!(tls, rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented);
        return distrusted.then_some("its certificate is not trusted");
    }
    let http = cause.downcast_ref::<hyper::Error>()?;
    (http.is_parse() || spoke_first(http)).then_some("the server does not speak HTTP")
}

/// The server sent data before the request, as mail and SSH servers do. hyper identifies this only by its message; the test
/// below fails if the message changes.
fn spoke_first(http: &hyper::Error) -> bool {
    http.to_string().contains("unexpected message")
}

fn of_io(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => Some("the connection was refused"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Some("the connection was reset"),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
            Some("the network is unreachable")
        }
        ErrorKind::TimedOut => Some("timed out"),
        ErrorKind::UnexpectedEof => Some("the connection was closed"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::spoke_first;
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn server_speaking_first_is_recognized_from_hypers_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut theirs, _) = listener.accept().await.unwrap();
        theirs.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n").await.unwrap();
        let made = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(ours)).await;
        let (_sender, connection) = made.unwrap();
        let error = connection.await.unwrap_err();
        assert!(!error.is_parse() && spoke_first(&error), "{error}");
    }
}
