//! How a simulated device speaks HTTP: NGSI-LD batches to the platform's own address.

use anyhow::Context as _;
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::time::Duration;

/// How deep the JSON of an answer may be.
const DEPTH: usize = 32;
/// How often, and after which pauses, a basemap that is being read is asked for again.
const WAITS: usize = 600;
const WAIT: Duration = Duration::from_millis(100);

pub struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { pool: Pool::builder(TokioExecutor::new()).build_http(), address }
    }

    /// The newest `observedAt` of an entity's attributes; none when it is not there or has none. The id goes into the
    /// address as it is.
    pub async fn newest(&self, id: &str) -> anyhow::Result<Option<Time>> {
        let address = format!("http://{}/ngsi-ld/v1/entities/{id}", self.address);
        let answer =
            self.pool.request(hyper::Request::get(address).body(Full::default())?).await.context("no answer")?;
        let status = answer.status();
        let text = answer.into_body().collect().await?.to_bytes();
        if status.as_u16() == 404 {
            return Ok(None);
        }
        anyhow::ensure!(status.is_success(), "{id}: it was answered {status}: {}", String::from_utf8_lossy(&text));
        let Json::Object(members) = Json::parse(&text, DEPTH).map_err(|e| anyhow::anyhow!("{}", e.public()))? else {
            anyhow::bail!("{id}: the answer is no entity");
        };
        let times = members.iter().filter_map(|(_, attribute)| attribute.get("observedAt")?.as_str());
        Ok(times.filter_map(|text| Time::parse(text).ok()).max())
    }

    /// How many entities a query finds; its parameters are not encoded yet.
    pub async fn count(&self, query: &[(&'static str, String)]) -> anyhow::Result<u64> {
        let pairs: Vec<String> = query
            .iter()
            .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let address = format!("http://{}/ngsi-ld/v1/entities?{}", self.address, pairs.join("&"));
        let answer =
            self.pool.request(hyper::Request::get(address).body(Full::default())?).await.context("no answer")?;
        let (head, body) = answer.into_parts();
        let text = body.collect().await?.to_bytes();
        anyhow::ensure!(
            head.status.is_success(),
            "it was answered {}: {}",
            head.status,
            String::from_utf8_lossy(&text)
        );
        let count = head.headers.get("ngsild-results-count").and_then(|count| count.to_str().ok()?.parse().ok());
        count.context("the answer has no NGSILD-Results-Count")
    }

    /// Puts a map as the basemap, unless it is there already. `credit`: what must be shown with it.
    pub async fn put_basemap(&self, map: Bytes, credit: Option<&str>) -> anyhow::Result<()> {
        let address = format!("http://{}/belfry/v1/registers/basemap", self.address);
        let mut there = self.basemap(&address).await?;
        // One of an earlier run is still being read.
        for _ in 0..WAITS {
            if there.as_ref().is_none_or(|told| told.get("state").and_then(Json::as_str) != Some("making")) {
                break;
            }
            tokio::time::sleep(WAIT).await;
            there = self.basemap(&address).await?;
        }
        let digest = Sha256::digest(&map).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let text = |name: &str| there.as_ref().and_then(|told| told.get(name)?.as_str());
        if text("sha256") == Some(digest.as_str()) && credit.is_none_or(|credit| text("attribution") == Some(credit)) {
            return Ok(());
        }
        let query = credit.map_or_else(String::new, |credit| {
            format!("?attribution={}", utf8_percent_encode(credit, NON_ALPHANUMERIC))
        });
        let request = hyper::Request::put(address + &query)
            .header("content-type", "application/octet-stream")
            .body(Full::from(map))?;
        let answer = self.pool.request(request).await.context("no answer")?;
        let status = answer.status();
        let text = answer.into_body().collect().await?.to_bytes();
        anyhow::ensure!(status.is_success(), "it was answered {status}: {}", String::from_utf8_lossy(&text));
        Ok(())
    }

    /// What is told of the basemap.
    async fn basemap(&self, address: &str) -> anyhow::Result<Option<Json>> {
        let request = hyper::Request::get(address).body(Full::default())?;
        let answer = self.pool.request(request).await.context("no answer")?;
        let told = answer.into_body().collect().await?.to_bytes();
        Ok(Json::parse(&told, DEPTH).ok())
    }

    /// Sends entities (NGSI-LD JSON texts) as one upsert that updates what is there.
    pub async fn upsert(&self, entities: impl Iterator<Item = &str>) -> anyhow::Result<()> {
        let mut body = String::from("[");
        for (i, entity) in entities.enumerate() {
            if i > 0 {
                body.push(',');
            }
            body.push_str(entity);
        }
        body.push(']');
        if body.len() == 2 {
            return Ok(());
        }
        let request =
            hyper::Request::post(format!("http://{}/ngsi-ld/v1/entityOperations/upsert?options=update", self.address))
                .header("content-type", "application/json")
                .body(Full::from(body))?;
        let answer = self.pool.request(request).await.context("no answer")?;
        let status = answer.status();
        let text = answer.into_body().collect().await?.to_bytes();
        anyhow::ensure!(
            status.is_success() && status.as_u16() != 207,
            "it was answered {status}: {}",
            String::from_utf8_lossy(&text)
        );
        Ok(())
    }
}
