//! A receiver of notifications: an HTTP server that keeps what comes, and does as the test says.

use belfry_ngsi_ld::Json;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Json,
}

#[derive(Default)]
struct Kept {
    all: Mutex<Vec<Received>>,
    status: AtomicU16,
    delay_ms: AtomicU64,
    /// Requests that have come, answered or not.
    asked: AtomicU64,
}

/// Stops when dropped.
pub struct Receiver {
    pub address: SocketAddr,
    kept: Arc<Kept>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Kept { status: AtomicU16::new(200), ..Kept::default() });
        let keeping = kept.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let kept = keeping.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| take(kept.clone(), request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, kept, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/notify", self.address)
    }

    /// Answers with this status from now on.
    pub fn answer(&self, status: u16) {
        self.kept.status.store(status, Ordering::SeqCst);
    }

    /// Takes its time.
    pub fn delay(&self, delay: Duration) {
        self.kept.delay_ms.store(delay.as_millis() as u64, Ordering::SeqCst);
    }

    pub fn all(&self) -> Vec<Received> {
        self.kept.all.lock().clone()
    }

    /// Waits until so many requests have come, answered or not.
    pub async fn asked(&self, count: u64) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.kept.asked.load(Ordering::SeqCst) < count {
            assert!(Instant::now() < deadline, "{count} requests did not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until so many came, and gives them.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let now = self.kept.all.lock().len();
            if now >= count {
                return self.all();
            }
            assert!(Instant::now() < deadline, "{now} of {count} notifications came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(kept: Arc<Kept>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let headers = request.headers().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    kept.asked.fetch_add(1, Ordering::SeqCst);
    let delay = kept.delay_ms.load(Ordering::SeqCst);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let status = StatusCode::from_u16(kept.status.load(Ordering::SeqCst)).unwrap();
    if status.is_success() {
        kept.all.lock().push(Received { headers, body: Json::parse(&body, 64).unwrap() });
    }
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    Ok(response)
}

impl Received {
    pub fn id(&self) -> String {
        self.body.get("id").unwrap().as_str().unwrap().to_owned()
    }

    pub fn entities(&self) -> &[Json] {
        match self.body.get("data") {
            Some(Json::Array(items)) => items,
            other => panic!("{other:?}"),
        }
    }

    /// The value of an attribute of the only entity.
    pub fn value(&self, attribute: &str) -> i64 {
        match self.entities()[0].get(attribute).and_then(|a| a.get("value")) {
            Some(Json::Int(n)) => *n,
            other => panic!("{other:?} in {}", self.body),
        }
    }

    pub fn entity_id(&self) -> String {
        self.entities()[0].get("id").unwrap().as_str().unwrap().to_owned()
    }
}
