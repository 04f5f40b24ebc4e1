//! The client: a request out, a bounded reply back, redirects followed under the same policy. Holds no retries.

use super::connect::{ConnectError, Guarded};
use super::line::{Lines, Peer};
use super::policy::AddressPolicy;
use super::trust::Trust;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;

pub(super) const AGENT: HeaderValue = HeaderValue::from_static(concat!("belfry/", env!("CARGO_PKG_VERSION")));

/// The limits of one call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// For all of it: connecting, redirects, the whole reply.
    pub timeout: Duration,
    /// Largest reply, bytes.
    pub max_bytes: usize,
    /// How many redirects are followed (GET only).
    pub redirects: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why nothing came back. The text may be shown to a client: it names no address that was found.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Not an absolute `http` or `https` URL, or one with a user name.
    #[error("its URL is not an absolute http or https URL")]
    Url,
    /// The policy forbids it.
    #[error("{0}")]
    Refused(super::Refusal),
    /// No connection, or it broke.
    #[error("its server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answered something that is no answer.
    #[error("its server does not speak HTTP: {0}")]
    Malformed(&'static str),
    /// It took too long.
    #[error("its server took too long")]
    Timeout,
    /// It is larger than it may be.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// More redirects than are followed.
    #[error("it redirects too often, or to nowhere")]
    Redirects,
}

impl OutboundError {
    /// A short name, one of few, for counters and traces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Url => "bad_url",
            Self::Refused(_) => "refused_by_policy",
            Self::Unreachable(_) => "unreachable",
            Self::Malformed(_) => "malformed_answer",
            Self::Timeout => "timeout",
            Self::TooLarge(_) => "answer_too_large",
            Self::Redirects => "too_many_redirects",
        }
    }
}

/// A pooled HTTP/1.1 client for `http` and `https`.
pub struct Outbound {
    client: Client<HttpsConnector<Guarded>, Full<Bytes>>,
    lines: Lines,
    policy: Arc<AddressPolicy>,
}

impl Outbound {
    /// A client under this policy that trusts the public authorities.
    pub fn new(policy: AddressPolicy) -> Self {
        Self::with(policy, HttpsConnectorBuilder::new().with_webpki_roots())
    }

    /// A client under this policy that trusts these authorities.
    pub fn trusting(policy: AddressPolicy, trust: &Trust) -> Self {
        Self::with(policy, HttpsConnectorBuilder::new().with_tls_config(trust.config().as_ref().clone()))
    }

    fn with(policy: AddressPolicy, connector: HttpsConnectorBuilder<WantsSchemes>) -> Self {
        let policy = Arc::new(policy);
        let connector = connector.https_or_http().enable_http1().wrap_connector(Guarded { policy: policy.clone() });
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(connector.clone());
        Self { client, lines: Lines::new(connector), policy }
    }

    /// The policy, to judge an endpoint when it is named rather than when it is called.
    pub fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// Whether a URL could be called at all: absolute, `http` or `https`, no user name, its host on the list, its
    /// address, if it is one, let through.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_url(&self, url: &str) -> Result<Uri, OutboundError> {
        let uri: Uri = url.parse().map_err(|_| OutboundError::Url)?;
        self.check_uri(&uri)?;
        Ok(uri)
    }

    /// The same for the endpoint of a subscription, which may be one of MQTT: those may name a user.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_endpoint(&self, url: &str) -> Result<(), OutboundError> {
        let uri: Uri = url.parse().map_err(|_| OutboundError::Url)?;
        match uri.scheme_str() {
            Some("mqtt" | "mqtts") => self.check_authority(uri.authority().ok_or(OutboundError::Url)?),
            _ => self.check_uri(&uri),
        }
    }

    fn check_uri(&self, uri: &Uri) -> Result<(), OutboundError> {
        let authority = uri.authority().ok_or(OutboundError::Url)?;
        let http = matches!(uri.scheme_str(), Some("http" | "https"));
        if !http || authority.as_str().contains('@') {
            return Err(OutboundError::Url);
        }
        self.check_authority(authority)
    }

    fn check_authority(&self, authority: &http::uri::Authority) -> Result<(), OutboundError> {
        if authority.host().is_empty() {
            return Err(OutboundError::Url);
        }
        self.policy.check_host(authority.host()).map_err(OutboundError::Refused)?;
        let bare = authority.host().trim_start_matches('[').trim_end_matches(']');
        match bare.parse() {
            Ok(address) => self.policy.check(address).map_err(OutboundError::Refused),
            Err(_) => Ok(()),
        }
    }

    /// Sends a request once; redirects are not followed.
    ///
    /// # Errors
    /// Why there is no reply.
    pub async fn send(&self, request: Request<Full<Bytes>>, call: &Call) -> Result<Reply, OutboundError> {
        tokio::time::timeout(call.timeout, self.exchange(request, call.max_bytes))
            .await
            .map_err(|_| OutboundError::Timeout)?
    }

    /// An endpoint that is to be posted to many times.
    ///
    /// # Errors
    /// As [`Self::check_url`].
    pub fn peer(&self, url: &str) -> Result<Peer, OutboundError> {
        Peer::new(&self.check_url(url)?).ok_or(OutboundError::Url)
    }

    /// Posts a body once, over a kept connection when there is one, and gives the status of the answer; redirects are not
    /// followed. `traceparent` (W3C Trace Context) goes before that of the endpoint's own headers.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(
        &self,
        peer: &Peer,
        traceparent: Option<&str>,
        body: &Bytes,
        call: &Call,
    ) -> Result<u16, OutboundError> {
        tokio::time::timeout(call.timeout, self.lines.post(peer, traceparent, body, call.max_bytes))
            .await
            .map_err(|_| OutboundError::Timeout)?
    }

    /// Closes kept connections that nobody used for a while. To be called now and then.
    pub fn close_idle(&self) {
        self.lines.close_idle();
    }

    /// Gets a document, following redirects, each judged like the first.
    ///
    /// # Errors
    /// Why there is no reply.
    pub async fn get(&self, url: &str, accept: &str, call: &Call) -> Result<Reply, OutboundError> {
        let follow = async {
            // A fragment is not sent (RFC 9110 section 4.2.5).
            let mut uri = self.check_url(url.split('#').next().unwrap_or_default())?;
            for _ in 0..=call.redirects {
                let mut request = Request::new(Full::new(Bytes::new()));
                *request.method_mut() = Method::GET;
                *request.uri_mut() = uri.clone();
                let accept = HeaderValue::from_str(accept).unwrap_or(HeaderValue::from_static("*/*"));
                request.headers_mut().insert(header::ACCEPT, accept);
                let reply = self.exchange(request, call.max_bytes).await?;
                if !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
                    return Ok(reply);
                }
                uri = next(&uri, &reply.headers).ok_or(OutboundError::Redirects)?;
                self.check_uri(&uri)?;
            }
            Err(OutboundError::Redirects)
        };
        tokio::time::timeout(call.timeout, follow).await.map_err(|_| OutboundError::Timeout)?
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>, max_bytes: usize) -> Result<Reply, OutboundError> {
        self.check_uri(request.uri())?;
        request.headers_mut().entry(header::USER_AGENT).or_insert(AGENT);
        let response = self.client.request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, max_bytes).collect().await.map_err(|e| {
            if e.is::<http_body_util::LengthLimitError>() {
                OutboundError::TooLarge(max_bytes)
            } else {
                OutboundError::Unreachable(e)
            }
        })?;
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }
}

impl Reply {
    /// For how many seconds the answer stays fresh, when its headers say (RFC 9111 section 5.2.2).
    pub fn max_age_s(&self) -> Option<i64> {
        let control = self.headers.get(header::CACHE_CONTROL)?.to_str().ok()?;
        control.split(',').find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            let age = name.eq_ignore_ascii_case("max-age") || name.eq_ignore_ascii_case("s-maxage");
            age.then(|| value.trim_matches('"').parse().ok()).flatten()
        })
    }
}

/// The refusal of the policy, wherever in the chain of causes it stands; anything else is a server out of reach.
pub(super) fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OutboundError {
    let error = error.into();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(one) = cause {
        if let Some(ConnectError::Refused(refusal)) = one.downcast_ref() {
            return OutboundError::Refused(*refusal);
        }
        cause = one.source();
    }
    OutboundError::Unreachable(error)
}

/// Where a redirect leads: an absolute URL, one without scheme, or a path on the same server.
fn next(from: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?.split('#').next()?;
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    let absolute = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    absolute.parse().ok()
}
