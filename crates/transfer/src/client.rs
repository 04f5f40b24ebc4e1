//! The HTTP client of import and export: one Belfry, one token, one tenant; retries what may be retried. Knows no
//! entities.

use crate::TransferError;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use std::time::Duration;

/// The largest answer that is read, bytes.
const MAX_ANSWER: usize = 256 << 20;

/// Waits between attempts; one attempt more than there are waits.
const WAITS: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3)];

/// How a running Belfry is reached.
#[derive(Clone, Debug, clap::Args)]
pub struct Target {
    /// Address of the running Belfry
    #[arg(long, default_value = "http://127.0.0.1:1026", env = "BELFRY_URL")]
    pub url: String,
    /// Access token, as `belfry token` made it; better in the environment than on the command line, where others see it
    #[arg(long, env = "BELFRY_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Tenant; the default tenant when absent
    #[arg(long)]
    pub tenant: Option<String>,
    /// Seconds that one request may take
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// A client of one Belfry.
pub(crate) struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    token: Option<HeaderValue>,
    tenant: Option<HeaderValue>,
    timeout: Duration,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

/// A request that can be sent again.
pub(crate) struct Call<'c> {
    pub(crate) method: Method,
    /// Path and query, beginning with `/`.
    pub(crate) target: &'c str,
    /// Media type and body.
    pub(crate) body: Option<(&'static str, Bytes)>,
    pub(crate) accept: &'static str,
    /// Address of the @context whose names are used in the answer.
    pub(crate) link: Option<&'c str>,
    /// Whether sending it twice does no more than sending it once.
    pub(crate) repeatable: bool,
}

/// Why there is no answer to act on.
#[derive(Debug)]
pub(crate) enum Lost {
    /// Belfry cannot be reached or is not well, after all attempts; nothing was done.
    Stop(TransferError),
    /// The connection broke after the request went out, or a gateway lost the answer: it may have been done or not.
    Unknown(TransferError),
}

impl From<Lost> for TransferError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Stop(error) | Lost::Unknown(error) => error,
        }
    }
}

impl Client {
    /// A client.
    ///
    /// # Errors
    /// [`TransferError::Usage`] for an address that is none, a token or a tenant that no header can carry.
    pub(crate) fn new(target: &Target) -> Result<Self, TransferError> {
        let base = target.url.trim_end_matches('/').to_owned();
        let usage = |what: String| TransferError::Usage(what);
        let uri: Uri = base
            .parse()
            .map_err(|_| usage(format!("--url: {base:?} is not an address such as http://127.0.0.1:1026")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(usage(format!(
                "--url: {base:?} is not an http or https address such as http://127.0.0.1:1026"
            )));
        }
        let header = |name: &str, value: String| {
            HeaderValue::from_str(&value)
                .map_err(|_| usage(format!("{name} holds characters that no header can carry")))
        };
        let token = target.token.as_ref().map(|t| header("--token", format!("Bearer {}", t.trim()))).transpose()?;
        let tenant = target.tenant.as_ref().map(|t| header("--tenant", t.clone())).transpose()?;
        let connector =
            hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Ok(Self {
            pool: Pool::builder(TokioExecutor::new()).build(connector),
            base,
            token: token.map(|mut token| {
                token.set_sensitive(true);
                token
            }),
            tenant,
            timeout: Duration::from_secs(target.timeout),
        })
    }

    /// Sends a request, again where that is safe and may help.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Lost> {
        let mut waits = WAITS.iter();
        loop {
            let lost = match self.once(call).await {
                Ok(answer) if is_passing(answer.status) => {
                    let error = self.stop(&problem(&answer));
                    if leaves_open(answer.status) { Lost::Unknown(error) } else { Lost::Stop(error) }
                }
                Ok(answer) => return self.judged(answer),
                Err(lost) => lost,
            };
            if matches!(lost, Lost::Unknown(_)) && !call.repeatable {
                return Err(lost);
            }
            match waits.next() {
                Some(wait) => tokio::time::sleep(*wait).await,
                None => return Err(lost),
            }
        }
    }

    /// What no other row would fare better with stops everything.
    fn judged(&self, answer: Answer) -> Result<Answer, Lost> {
        let why = match answer.status {
            StatusCode::UNAUTHORIZED => "it wants a token (--token or BELFRY_TOKEN), or does not know this one",
            StatusCode::FORBIDDEN => "the token does not allow this",
            _ => return Ok(answer),
        };
        Err(Lost::Stop(self.stop(&format!("{why}: {}", problem(&answer)))))
    }

    fn stop(&self, why: &str) -> TransferError {
        TransferError::Server { url: self.base.clone(), why: why.to_owned() }
    }

    /// An answer that makes no sense to go on after.
    pub(crate) fn strange(&self, why: &str) -> TransferError {
        self.stop(why)
    }

    async fn once(&self, call: &Call<'_>) -> Result<Answer, Lost> {
        let uri = format!("{}{}", self.base, call.target);
        let mut builder = Request::builder()
            .method(call.method.clone())
            .uri(uri)
            .header(header::ACCEPT, call.accept)
            .header(header::USER_AGENT, concat!("belfry/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = &self.token {
            builder = builder.header(header::AUTHORIZATION, token);
        }
        if let Some(tenant) = &self.tenant {
            builder = builder.header("NGSILD-Tenant", tenant);
        }
        if let Some(context) = call.link {
            let link =
                format!("<{context}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
            builder = builder.header(header::LINK, link);
        }
        let body = match &call.body {
            Some((media, body)) => {
                builder = builder.header(header::CONTENT_TYPE, *media);
                body.clone()
            }
            None => Bytes::new(),
        };
        let request = builder.body(Full::new(body)).map_err(|e| Lost::Stop(self.stop(&e.to_string())))?;
        let exchange = async {
            let response = self.pool.request(request).await.map_err(|e| {
                if e.is_connect() {
                    let why = "it cannot be reached; is belfry serve running there?";
                    Lost::Stop(self.stop(&format!("{why} ({})", cause(&e))))
                } else {
                    Lost::Unknown(self.stop(&format!("the connection broke: {}", cause(&e))))
                }
            })?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER)
                .collect()
                .await
                .map_err(|e| Lost::Unknown(self.stop(&format!("the answer broke off: {e}"))))?;
            Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
        };
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| {
            Err(Lost::Unknown(self.stop(&format!("no answer within {} s (--timeout)", self.timeout.as_secs()))))
        })
    }
}

/// Answers that another attempt may better.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// Answers of a gateway that handed the request on and got no answer that it could use (RFC 9110 sections 15.6.3 and
/// 15.6.5): Belfry may have done what was asked.
fn leaves_open(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
}

/// The innermost reason, which says most.
fn cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

/// What an answer's problem details (RFC 9457) say, or its status.
pub(crate) fn problem(answer: &Answer) -> String {
    let status = answer.status;
    match serde_json::from_slice::<Problem>(&answer.body) {
        Ok(Problem { detail: Some(detail), .. }) => detail,
        Ok(Problem { title: Some(title), .. }) => title,
        _ => format!("it answered {status}"),
    }
}
