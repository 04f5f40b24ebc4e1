//! A server with notifications, on a directory that outlives it, so that it can be stopped and started again.

use belfry_http::app::{App, Parts, reading};
use belfry_identity::{Guard, Mode};
use belfry_kernel::{Clock, Error};
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::form::Deny;
use belfry_ports::Store;
use belfry_runtime::apps::{self, Apps};
use belfry_runtime::context::{self, Contexts};
use belfry_runtime::notify::{self, KeepBefore, Notifiers, Publish};
use belfry_runtime::outbound::{AddressPolicy, Outbound};
use belfry_runtime::telemetry::Tracer;
use belfry_runtime::{Stores, SystemClock, SystemRng, Tenants};
use belfry_store_embedded::{EmbeddedStore, Options};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::JoinHandle;

struct Embedded {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Stores for Embedded {
    fn open(&self, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        let mut options = Options::new(self.dir.join(format!("t-{tenant}")), self.clock.clone());
        options.log.segment_bytes = 8 << 20;
        Ok(Arc::new(EmbeddedStore::open(&options)?))
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// What a test may choose.
pub struct Setup {
    pub clock: Arc<dyn Clock>,
    pub publish: Option<Arc<dyn Publish>>,
    pub options: notify::Options,
    pub limits: belfry_config::Limits,
    pub tracer: Option<Arc<Tracer>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            publish: None,
            options: options(),
            tracer: None,
            limits: belfry_config::Limits::default(),
        }
    }
}

/// Quick retries, so that tests need not wait.
pub fn options() -> notify::Options {
    notify::Options {
        timeout: Duration::from_secs(2),
        retry_min: Duration::from_millis(20),
        retry_max: Duration::from_millis(100),
        save_every: Duration::from_millis(20),
        ..notify::Options::default()
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub notifiers: Arc<Notifiers>,
    pub store: Arc<dyn Store>,
    pub keep_before: Arc<KeepBefore>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Server {
    pub async fn start(dir: &Path) -> Self {
        Self::with(dir, Setup::default()).await
    }

    pub async fn with(dir: &Path, setup: Setup) -> Self {
        let Setup { clock, publish, options, limits, tracer } = setup;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let policy = || AddressPolicy { loopback: true, ..AddressPolicy::default() };
        let outbound = Arc::new(Outbound::new(policy()));
        let keep_before = Arc::<KeepBefore>::default();
        let notifiers = Arc::new(Notifiers::new(notify::Parts {
            options,
            outbound: outbound.clone(),
            publish,
            clock: clock.clone(),
            rng: Arc::new(SystemRng),
            keep_before: keep_before.clone(),
            tracer: tracer.clone(),
        }));
        let opening = notifiers.clone();
        let stores = Arc::new(Embedded { dir: dir.to_owned(), clock: clock.clone() });
        let on_open: belfry_runtime::tenant::OnOpen = Box::new(move |tenant, store| opening.open(tenant, store));
        let tenants = Arc::new(Tenants::open(stores, 8, on_open).unwrap());
        let store = tenants.get("").unwrap();
        let contexts = context::Options { own: vec![format!("http://{address}")], ..context::Options::default() };
        let contexts = Arc::new(Contexts::new(contexts, store.clone(), outbound, clock.clone()));
        notifiers.begin(contexts.clone());
        let (stopping, stopped) = watch::channel(false);
        let reading = reading(&limits, Arc::new(Deny::default()));
        let app = App::new(Parts {
            tenants,
            contexts,
            guard: Arc::new(Guard::new(Mode::Open, store.clone(), clock.clone())),
            limits,
            apps: Arc::new(Apps::none(apps::Parts {
                clock: clock.clone(),
                limits: reading.clone(),
                keep_before: keep_before.clone(),
                options: apps::Options::default(),
            })),
            reading,
            clock,
            rng: Arc::new(SystemRng),
            keep_before: keep_before.clone(),
            stopping: stopped,
        });
        assert!(app.notifiers.set(notifiers.clone()).is_ok());
        if let Some(tracer) = tracer {
            assert!(app.tracer.set(tracer).is_ok());
        }
        let (stop, end) = oneshot::channel();
        let serving = tokio::spawn(async move {
            belfry_http::serve(listener, app, async move {
                let _ = end.await;
                let _ = stopping.send(true);
            })
            .await;
        });
        Self { address, notifiers, store, keep_before, stop: Some(stop), serving, connection: Mutex::new(None) }
    }

    /// Stops everything and closes the store.
    pub async fn stop(mut self) {
        self.notifiers.stop().await;
        drop(self.connection.lock().await.take());
        let _ = self.stop.take().unwrap().send(());
        let _ = self.serving.await;
        // The store closes when the last task lets go of it.
        for _ in 0..500 {
            if Arc::strong_count(&self.store) == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(Arc::strong_count(&self.store), 1, "somebody still holds the store");
        tokio::task::spawn_blocking(move || drop(self.store)).await.unwrap();
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let (status, _, body) = self.call_whole(method, path, headers, body).await;
        (status, body)
    }

    /// Status, headers and body.
    pub async fn call_whole(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, HeaderMap, String) {
        let mut slot = self.connection.lock().await;
        if slot.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(self.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            *slot = Some(sender);
        }
        let sender = slot.as_mut().unwrap();
        sender.ready().await.unwrap();
        let mut request = Request::builder().method(method).uri(path).header("host", self.address.to_string());
        if !body.is_empty() && !headers.iter().any(|(n, _)| *n == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    pub async fn post(&self, path: &str, body: &str, status: u16) {
        let (got, text) = self.call("POST", &format!("/ngsi-ld/v1{path}"), &[], body).await;
        assert_eq!(got, status, "{text}");
    }

    pub async fn patch(&self, path: &str, body: &str, status: u16) {
        let (got, text) = self.call("PATCH", &format!("/ngsi-ld/v1{path}"), &[], body).await;
        assert_eq!(got, status, "{text}");
    }

    pub async fn get(&self, path: &str) -> Json {
        let (got, text) = self.call("GET", &format!("/ngsi-ld/v1{path}"), &[], "").await;
        assert_eq!(got, 200, "{text}");
        Json::parse(text.as_bytes(), 64).unwrap()
    }

    pub async fn create(&self, id: &str, speed: i64) {
        self.post("/entities", &car(id, speed), 201).await;
    }

    pub async fn set_speed(&self, id: &str, speed: i64) {
        self.patch(&format!("/entities/{id}/attrs/speed"), &format!("{{\"value\":{speed}}}"), 204).await;
    }

    /// Subscribes to cars; `members` are added, `notification` goes beside the endpoint.
    pub async fn subscribe(&self, id: &str, url: &str, members: &str, notification: &str) {
        let body = format!(
            r#"{{"id":"{id}","type":"Subscription","entities":[{{"type":"Car"}}]{members},
            "notification":{{"endpoint":{{"uri":"{url}"}}{notification}}}}}"#
        );
        self.post("/subscriptions", &body, 201).await;
    }

    /// The state of deliveries once so many attempts are counted: that is noted after the receiver has answered.
    pub async fn sent(&self, id: &str, count: i64) -> Json {
        self.becomes(id, |status| number(status, "timesSent") >= count).await
    }

    /// The state of deliveries once it is so.
    pub async fn becomes(&self, id: &str, so: impl Fn(&Json) -> bool) -> Json {
        for _ in 0..500 {
            let status = self.status(id).await;
            if so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{}", self.status(id).await)
    }

    pub async fn status(&self, id: &str) -> Json {
        self.get(&format!("/subscriptions/{id}")).await.get("notification").unwrap().clone()
    }
}

pub fn car(id: &str, speed: i64) -> String {
    format!(
        r#"{{"id":"{id}","type":"Car","speed":{{"type":"Property","value":{speed}}},"name":{{"type":"Property","value":"x"}}}}"#
    )
}

pub fn number(json: &Json, key: &str) -> i64 {
    match json.get(key) {
        Some(Json::Int(n)) => *n,
        None => 0,
        other => panic!("{other:?}"),
    }
}
