//! A server of its own for each test, and a client that hides nothing.

use belfry_http::app::{App, Parts, reading};
use belfry_identity::{Guard, Mode, NewToken, Role};
use belfry_kernel::{Clock, Error};
use belfry_kit::Hosted;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::form::Deny;
use belfry_ports::Store;
use belfry_runtime::apps::{self, Apps};
use belfry_runtime::context::{self, Contexts};
use belfry_runtime::notify::KeepBefore;
use belfry_runtime::outbound::{AddressPolicy, Outbound};
use belfry_runtime::{Stores, SystemClock, SystemRng, Tenants};
use belfry_store_embedded::{EmbeddedStore, Options};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

struct Embedded {
    dir: PathBuf,
    adjust: fn(&mut Options),
}

impl Stores for Embedded {
    fn open(&self, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        let dir = if tenant.is_empty() { self.dir.join("default") } else { self.dir.join("tenants").join(tenant) };
        let mut options = Options::new(dir, Arc::new(SystemClock));
        // Small files: each test has a store of its own.
        options.log.segment_bytes = 4 << 20;
        (self.adjust)(&mut options);
        Ok(Arc::new(EmbeddedStore::open(&options)?))
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub apps: Arc<Apps>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    dir: Arc<tempfile::TempDir>,
}

/// What a server is started with.
pub struct Setup {
    /// The applications: the product's, unless a test has its own.
    pub hosted: Vec<Hosted>,
    pub limits: belfry_config::Limits,
    pub mode: Mode,
    pub max_file_bytes: usize,
    /// That of a server that was stopped; a new one when none.
    pub dir: Option<Arc<tempfile::TempDir>>,
    /// Options of stores that are not as usual.
    pub adjust: fn(&mut Options),
}

impl Default for Setup {
    fn default() -> Self {
        let (hosted, limits) = (belfry_apps::all(), belfry_config::Limits::default());
        Self { hosted, limits, mode: Mode::Open, max_file_bytes: 1 << 20, dir: None, adjust: |_| {} }
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::set_up(Setup::default()).await
    }

    pub async fn with(limits: belfry_config::Limits, mode: Mode) -> Self {
        Self::set_up(Setup { limits, mode, ..Setup::default() }).await
    }

    /// On a store of other options.
    pub async fn on(adjust: fn(&mut Options), limits: belfry_config::Limits, mode: Mode) -> Self {
        Self::set_up(Setup { adjust, limits, mode, ..Setup::default() }).await
    }

    pub async fn set_up(setup: Setup) -> Self {
        let Setup { hosted, limits, mode, max_file_bytes, dir, adjust } = setup;
        let dir = dir.unwrap_or_else(|| Arc::new(tempfile::tempdir().unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (keep_before, reading) = (Arc::<KeepBefore>::default(), reading(&limits, Arc::new(Deny::default())));
        let parts = apps::Parts {
            clock: clock.clone(),
            limits: reading.clone(),
            keep_before: keep_before.clone(),
            options: apps::Options { max_file_bytes, max_files_bytes: 2 * max_file_bytes, max_working: 2 },
        };
        let apps = Arc::new(Apps::new(hosted, parts));
        let opening = apps.clone();
        let on_open: belfry_runtime::tenant::OnOpen = Box::new(move |tenant, store| opening.open(tenant, store));
        let stores = Arc::new(Embedded { dir: dir.path().to_owned(), adjust });
        let tenants = Arc::new(Tenants::open(stores, 4, on_open).unwrap());
        let store = tenants.get("").unwrap();
        let outbound = Arc::new(Outbound::new(AddressPolicy { loopback: true, ..AddressPolicy::default() }));
        let options = context::Options { own: vec![format!("http://{address}")], ..context::Options::default() };
        let contexts = Arc::new(Contexts::new(options, store.clone(), outbound, clock.clone()));
        let (stopping, stopped) = watch::channel(false);
        let app = App::new(Parts {
            tenants,
            contexts,
            guard: Arc::new(Guard::new(mode, store, clock.clone())),
            limits,
            reading,
            apps: apps.clone(),
            clock,
            rng: Arc::new(SystemRng),
            keep_before,
            stopping: stopped,
        });
        let (stop, end) = oneshot::channel();
        let serving = app.clone();
        let serving = tokio::spawn(async move {
            belfry_http::serve(listener, serving, async move {
                let _ = end.await;
                let _ = stopping.send(true);
            })
            .await;
        });
        Self { address, app, apps, stop: Some(stop), serving, dir }
    }

    /// Stops it and closes its stores; another one can go on in the same directory.
    pub async fn stop(mut self) -> Arc<tempfile::TempDir> {
        let _ = self.stop.take().unwrap().send(());
        let _ = (&mut self.serving).await;
        self.apps.stop().await;
        let store = self.app.tenants.get("").unwrap();
        let dir = self.dir.clone();
        drop(self);
        for _ in 0..500 {
            if Arc::strong_count(&store) == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(Arc::strong_count(&store), 1, "somebody still holds the store");
        tokio::task::spawn_blocking(move || drop(store)).await.unwrap();
        dir
    }

    pub async fn token(&self, role: Role, tenant: Option<&str>) -> String {
        let store = self.app.tenants.get("").unwrap();
        let new = NewToken { label: "test".into(), role, tenant: tenant.map(str::to_owned), expires_at: None };
        belfry_identity::create(&*store, &SystemRng, new).await.unwrap().secret
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driving = tokio::spawn(connection);
        let response: Response<hyper::body::Incoming> = sender.send_request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        drop(sender);
        driving.abort();
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// `call("GET", "/entities", &[("accept", "…")], "")`: paths without a leading `/ngsi-ld` or `!` get the prefix.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let path = match path.strip_prefix('!') {
            Some(path) => path.to_owned(),
            None => format!("/ngsi-ld/v1{path}"),
        };
        let mut request = Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap()).await
    }

    /// Sends bytes that are no text.
    pub async fn put(&self, path: &str, media: &str, body: impl Into<Bytes>) -> Reply {
        let request = Request::put(path).header("host", self.address.to_string()).header("content-type", media);
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Reply {
        self.call("POST", path, &[], body).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Json {
        Json::parse(&self.body, 100).unwrap_or_else(|e| panic!("{e}: {:?}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    pub fn member(&self, path: &str) -> Json {
        let mut json = self.json();
        for step in path.split('.') {
            json = match (&json, step.parse::<usize>()) {
                (Json::Array(items), Ok(at)) => items.get(at).cloned(),
                (other, _) => other.get(step).cloned(),
            }
            .unwrap_or(Json::Null);
        }
        json
    }

    /// Checks the status and shows the body when it is another.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?} {}", self.headers, self.text());
        self
    }

    /// The last part of the problem's type.
    pub fn problem(&self) -> String {
        let json = self.json();
        let text = json.get("type").and_then(Json::as_str).unwrap_or_default();
        text.rsplit('/').next().unwrap_or_default().to_owned()
    }
}
