//! TLS in front of the fake Anthropic, with a trusted or an untrusted certificate.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rcgen::{BasicConstraints, Certificate as Certified, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::fake::FakeAnthropic;
use crate::locked;

/// The certificate that the server presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and `api.anthropic.test`, signed by the authority of [`TlsFront::write_authority`].
    Trusted,
    /// For `localhost`, self-signed, as a traffic-inspecting appliance presents it.
    SelfSigned,
    /// Signed by the authority, for another name.
    OtherName,
    /// Signed by the authority, for `localhost`, expired since 2001.
    Expired,
}

/// `https://localhost:<port>` in front of the fake's API address. Ends when dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    shown: Arc<Mutex<Shown>>,
    accepting: tokio::task::JoinHandle<()>,
}

/// The certificates to present, and the results of the handshakes.
struct Shown {
    config: Arc<ServerConfig>,
    /// When each connection came, and whether its handshake was completed.
    handshakes: Vec<(SystemTime, bool)>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} handshakes", self.handshakes.len())
    }
}

impl TlsFront {
    /// Starts it. Must be called within a tokio runtime.
    pub async fn start(fake: &FakeAnthropic, certificate: Certificate) -> Self {
        let authority = Arc::new(authority());
        let config = config(&authority, certificate);
        let shown = Arc::new(Mutex::new(Shown { config, handshakes: Vec::new() }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("a listener has an address");
        let behind: SocketAddr =
            fake.api_base().trim_start_matches("http://").parse().expect("the fake listens at an address");
        let accepting = tokio::spawn(accept(listener, behind, Arc::clone(&shown)));
        Self { address, authority, shown, accepting }
    }

    /// In place of `https://api.anthropic.com`.
    pub fn base(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Presents another certificate from now on.
    pub fn show(&self, certificate: Certificate) {
        locked(&self.shown).config = config(&self.authority, certificate);
    }

    /// Writes the authority's certificate as a trust store, for `SSL_CERT_FILE`.
    pub fn write_authority(&self, path: &Path) {
        std::fs::write(path, self.authority.pem()).expect("a file for a certificate");
    }

    /// When each connection came, and whether its handshake was completed.
    pub fn handshakes(&self) -> Vec<(SystemTime, bool)> {
        locked(&self.shown).handshakes.clone()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, behind: SocketAddr, shown: Arc<Mutex<Shown>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let at = SystemTime::now();
        let config = Arc::clone(&locked(&shown).config);
        let shown = Arc::clone(&shown);
        tokio::spawn(async move {
            let handshake = TlsAcceptor::from(config).accept(stream).await;
            locked(&shown).handshakes.push((at, handshake.is_ok()));
            if let Ok(near) = handshake {
                // Either end may close at any moment.
                let _closed = join(near, behind).await;
            }
        });
    }
}

async fn join(mut near: tokio_rustls::server::TlsStream<TcpStream>, behind: SocketAddr) -> std::io::Result<()> {
    let mut far = TcpStream::connect(behind).await?;
    tokio::io::copy_bidirectional(&mut near, &mut far).await?;
    Ok(())
}

pub(crate) fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn config(authority: &CertifiedIssuer<'static, KeyPair>, certificate: Certificate) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let names: &[&str] = match certificate {
        Certificate::OtherName => &["elsewhere.example"],
        // The second name can only be reached through a proxy.
        _ => &["localhost", "api.anthropic.test"],
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    if certificate == Certificate::Expired {
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }
    let signed = match certificate {
        Certificate::SelfSigned => params.self_signed(&key),
        Certificate::Trusted | Certificate::OtherName | Certificate::Expired => params.signed_by(&key, authority),
    };
    server(signed.expect("a certificate"), &key)
}

/// A server configuration with this certificate.
pub(crate) fn server(certificate: Certified, key: &KeyPair) -> Arc<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key that rustls reads");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the versions that rustls speaks")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    Arc::new(config.expect("a key that fits its certificate"))
}
