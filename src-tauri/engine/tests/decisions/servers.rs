//! The servers: the fake Anthropic for complete responses, a bare socket for everything else.
//!
//! The token of a request names its case.

use crate::cases::{Case, Reply, Wire, good};
use holdoff_core::Endpoint;
use holdoff_world::{Answer, FakeAnthropic};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MARK: &str = "-case-";

/// A token that names a case.
pub fn token(kind: &str, case: usize) -> String {
    format!("sk-ant-{kind}01{MARK}{case}-")
}

fn case_of(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(MARK)?;
    rest.split('-').next()?.parse().ok()
}

/// A fake Anthropic that answers each request as its case says.
pub async fn scripted(cases: &Arc<Vec<Case>>) -> FakeAnthropic {
    let fake = FakeAnthropic::start().await;
    let script = |cases: &Arc<Vec<Case>>| {
        let cases = Arc::clone(cases);
        Answer::decide(move |request| {
            let body = String::from_utf8_lossy(&request.body);
            let case = case_of(request.authorization.as_deref().unwrap_or(&body)).map(|n| &cases[n].wire);
            match case {
                Some(Wire::Whole(reply)) => answer(reply),
                _ => panic!("no case asks so: {} {}", request.method, request.path),
            }
        })
    };
    fake.always(script(cases));
    fake.token_always(script(cases));
    fake
}

fn answer(reply: &Reply) -> Answer {
    let headers: Vec<(&str, &str)> = reply.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Answer::raw(reply.status, &headers, reply.body.clone())
}

/// A socket that sends what no well-behaved server sends.
pub struct Raw {
    base: String,
}

impl Raw {
    pub async fn start(cases: &Arc<Vec<Case>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let cases = Arc::clone(cases);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(stream, Arc::clone(&cases)));
            }
        });
        Self { base }
    }

    pub fn base<Url: std::str::FromStr<Err: std::fmt::Debug>>(&self) -> Url {
        self.base.parse().unwrap()
    }
}

async fn converse(mut stream: TcpStream, cases: Arc<Vec<Case>>) {
    let case = &cases[case_of(&request(&mut stream).await).unwrap()];
    // The client may disconnect in the middle; that is not a failure of the server.
    let _left = match &case.wire {
        Wire::Whole(_) => panic!("the fake Anthropic answers that"),
        Wire::Cut(reply) => {
            let length = reply.body.len();
            let half = &reply.body[..length / 2];
            stream.write_all(format!("{}content-length: {length}\r\n\r\n{half}", head(reply)).as_bytes()).await
        }
        Wire::ClosedAfter(status) => stream.write_all(interim(*status).as_bytes()).await,
        Wire::GoodAfter(status) => stream.write_all((interim(*status) + &whole(case.endpoint)).as_bytes()).await,
        Wire::Silence(status) => {
            let _sent = stream.write_all(interim(*status).as_bytes()).await;
            std::future::pending().await
        }
        Wire::Endless(status) => {
            while stream.write_all(interim(*status).as_bytes()).await.is_ok() {
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    };
    let _closed = stream.shutdown().await;
}

/// Reads the request as far as needed to find the case.
async fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        let ended =
            text.split_once("\r\n\r\n").is_some_and(|(head, _)| head.starts_with("GET ") || text.ends_with('}'));
        if ended {
            return text.into_owned();
        }
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the request ends too early");
    }
}

fn interim(status: u16) -> String {
    format!("HTTP/1.1 {status} Interim\r\nretry-after: 5400\r\n\r\n")
}

fn head(reply: &Reply) -> String {
    let headers: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {} Answer\r\n{headers}", reply.status)
}

fn whole(endpoint: Endpoint) -> String {
    let body = good(endpoint);
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
