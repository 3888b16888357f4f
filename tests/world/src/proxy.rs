//! A TLS-terminating proxy, as companies use: programs that can only be given a trusted authority and a proxy address
//! get responses of the fake Anthropic under Anthropic's own names. No packet goes anywhere else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::fake::FakeAnthropic;
use crate::{locked, tls};

/// The host for renewals and sign-ins.
const TOKEN_HOST: &str = "platform.claude.com";
/// The host for everything else.
const API_HOST: &str = "api.anthropic.com";
const LONGEST_HEAD: usize = 8192;

/// `http://127.0.0.1:<port>`, for `HTTPS_PROXY`. Ends when dropped.
#[derive(Debug)]
pub struct TlsProxy {
    address: SocketAddr,
    authority: CertifiedIssuer<'static, KeyPair>,
    refused: Arc<Mutex<Vec<String>>>,
    accepting: tokio::task::JoinHandle<()>,
}

/// How connections are answered.
#[derive(Clone)]
struct Ends {
    tls: Arc<ServerConfig>,
    token: SocketAddr,
    api: SocketAddr,
    refused: Arc<Mutex<Vec<String>>>,
}

impl TlsProxy {
    /// Starts it in front of `fake`. Must be called within a tokio runtime.
    pub async fn start(fake: &FakeAnthropic) -> Self {
        let authority = tls::authority();
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![API_HOST.to_owned(), TOKEN_HOST.to_owned()]).expect("two names");
        // With the authority's name, some clients would consider it self-signed.
        params.distinguished_name.push(DnType::CommonName, API_HOST);
        let signed = params.signed_by(&key, &authority);
        let tls = tls::server(signed.expect("a certificate"), &key);
        let address =
            |base: String| base.trim_start_matches("http://").parse().expect("the fake listens at an address");
        let refused = Arc::<Mutex<Vec<String>>>::default();
        let ends = Ends {
            tls,
            token: address(fake.token_base()),
            api: address(fake.api_base()),
            refused: Arc::clone(&refused),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("a listener has an address");
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let ends = ends.clone();
                // Either end may close at any moment.
                tokio::spawn(async move { drop(connect(stream, ends).await) });
            }
        });
        Self { address, authority, refused, accepting }
    }

    /// The value of `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes the certificate of its authority, for `NODE_EXTRA_CA_CERTS`.
    pub fn write_authority(&self, path: &Path) {
        std::fs::write(path, self.authority.pem()).expect("a file for a certificate");
    }

    /// The other hosts that were requested and refused, in this order.
    pub fn refused(&self) -> Vec<String> {
        locked(&self.refused).clone()
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Handles `CONNECT host:port HTTP/1.1`, then TLS under that host's name.
async fn connect(mut near: TcpStream, ends: Ends) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(near.read_u8().await?);
        if head.len() > LONGEST_HEAD {
            return Err(io::Error::other("a request head without end"));
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()).unwrap_or_default().to_owned();
    let behind = match host.as_str() {
        TOKEN_HOST => ends.token,
        API_HOST => ends.api,
        _ => {
            locked(&ends.refused).push(host);
            return near.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
        }
    };
    near.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    let mut near = TlsAcceptor::from(ends.tls).accept(near).await?;
    let mut far = TcpStream::connect(behind).await?;
    tokio::io::copy_bidirectional(&mut near, &mut far).await?;
    Ok(())
}
