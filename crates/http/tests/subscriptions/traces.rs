//! Traces from end to end: a request, its commit and what is told of it, as a collector sees them.

use super::receiver::Receiver;
use super::server::{Server, Setup};
use belfry_kernel::Clock;
use belfry_runtime::outbound::{AddressPolicy, Outbound};
use belfry_runtime::telemetry::{Incoming, Options, Tracer};
use belfry_runtime::{SystemClock, SystemRng};
use belfry_testkit::collector::{Answer, Collector, Span};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const S: &str = "urn:ngsi-ld:Subscription:traced";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn quick(collector: &str) -> Options {
    Options {
        endpoint: collector.to_owned(),
        gather: Duration::from_millis(20),
        retry: Duration::from_millis(20),
        timeout: Duration::from_secs(2),
        ..Options::default()
    }
}

fn tracer(options: Options) -> Arc<Tracer> {
    let outbound = Outbound::new(AddressPolicy { loopback: true, private: true, hosts: Vec::new() });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Tracer::start(options, outbound, clock, &SystemRng).unwrap()
}

async fn traced(dir: &std::path::Path, tracer: &Arc<Tracer>) -> Server {
    Server::with(dir, Setup { tracer: Some(tracer.clone()), ..Setup::default() }).await
}

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let found: Vec<&Span> = spans.iter().filter(|s| s.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:#?}");
    found[0]
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::SeqCst)
}

/// Waits until it is so.
async fn until(what: &str, so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_its_commit_and_its_notification_are_one_trace() {
    let dir = tempfile::tempdir().unwrap();
    let (collector, receiver) = (Collector::start(), Receiver::start().await);
    let tracer = tracer(quick(&collector.url()));
    let server = traced(dir.path(), &tracer).await;
    let secret = format!("{}?key=hush-endpoint", receiver.url());
    server.subscribe(S, &secret, "", "").await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [("traceparent", parent.as_str()), ("authorization", "Bearer hush-token")];
    let body = r#"{"id":"urn:car:hush-id","type":"Car","speed":{"type":"Property","value":"hush-value"}}"#;
    let (status, text) = server.call("POST", "/ngsi-ld/v1/entities", &headers, body).await;
    assert_eq!(status, 201, "{text}");
    let told = receiver.wait_for(1).await;
    let spans = collector.wait_until(|spans| spans.iter().filter(|s| s.trace_id == TRACE).count() == 3).await;
    let all: Vec<Span> = spans.into_iter().filter(|s| s.trace_id == TRACE).collect();

    let request = named(&all, "POST /ngsi-ld/v1/entities");
    assert_eq!((request.parent_id.as_str(), request.kind, request.is_error), (CALLER, 2, false));
    let expected = [
        ("belfry.operation", "createEntity"),
        ("http.request.method", "POST"),
        ("http.response.status_code", "201"),
        ("http.route", "/ngsi-ld/v1/entities"),
        ("network.protocol.version", "1.1"),
        ("url.scheme", "http"),
    ];
    let shown: Vec<(&str, &str)> = request.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(shown, expected);
    assert_eq!(request.resource["service.name"], "belfry");

    let commit = named(&all, "commit");
    assert_eq!((&commit.parent_id, commit.kind, commit.is_error), (&request.span_id, 1, false));
    assert!(commit.attributes["belfry.commit.seq"].parse::<u64>().unwrap() > 1);
    assert!(request.start <= commit.start && commit.start <= commit.end, "{request:?} {commit:?}");

    let told_of = named(&all, "POST");
    assert_eq!((&told_of.parent_id, told_of.kind, told_of.is_error), (&commit.span_id, 3, false));
    let expected = [
        ("belfry.subscription.id", S.to_owned()),
        ("http.request.method", "POST".to_owned()),
        ("http.response.status_code", "200".to_owned()),
        ("server.address", "127.0.0.1".to_owned()),
        ("server.port", receiver.address.port().to_string()),
    ];
    let shown: Vec<(&str, String)> = told_of.attributes.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    assert_eq!(shown, expected);
    let handed_on = told[0].headers["traceparent"].to_str().unwrap();
    assert_eq!(handed_on, format!("00-{TRACE}-{}-01", told_of.span_id));

    let request = &collector.requests()[0];
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(request.headers["content-type"], "application/x-protobuf");
    for request in collector.requests() {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        assert!(!text.contains("hush"), "something that is nobody's business is in {text:?}");
    }
    server.stop().await;
    tracer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_failures_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (collector, receiver) = (Collector::start(), Receiver::start().await);
    let tracer = tracer(quick(&collector.url()));
    let server = traced(dir.path(), &tracer).await;
    server.call("GET", "/ngsi-ld/v1/entities/urn:car:none", &[], "").await;
    server.call("DELETE", "/ngsi-ld/v1/entities/urn:car:none", &[], "").await;
    server.subscribe(S, &receiver.url(), "", "").await;
    receiver.answer(500);
    server.create("urn:car:1", 1).await;
    let all = collector.wait_until(|spans| spans.iter().any(|s| s.name == "POST")).await;
    let get = named(&all, "GET /ngsi-ld/v1/entities/{entityId}");
    assert_eq!((get.attributes["http.response.status_code"].as_str(), get.is_error), ("404", false));
    assert!(get.parent_id.is_empty() && get.trace_id.len() == 32 && get.span_id.len() == 16);
    let delete = named(&all, "DELETE /ngsi-ld/v1/entities/{entityId}");
    let refused = all.iter().find(|s| s.parent_id == delete.span_id).unwrap();
    assert_eq!((refused.name.as_str(), refused.is_error), ("commit", false));
    assert_eq!(refused.attributes["belfry.commit.refused"], "ResourceNotFound");
    let told = all.iter().find(|s| s.name == "POST").unwrap();
    assert_eq!((told.attributes["error.type"].as_str(), told.is_error), ("500", true));
    assert_ne!(get.trace_id, delete.trace_id);
    server.stop().await;
    tracer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_says_decides_about_recording_and_nothing_else() {
    let good = format!("00-{TRACE}-{CALLER}-01");
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    let broken = format!("00-{TRACE}-{CALLER}-01-more");
    // What is configured, what the caller sends; whether it is recorded, whether below the caller, whether linked.
    for (incoming, share, sent, recorded, below, linked) in [
        (Incoming::Continue, 0, vec![&good], true, true, false),
        (Incoming::Continue, 1_000_000, vec![&unsampled], false, false, false),
        (Incoming::Continue, 1_000_000, vec![&broken], true, false, false),
        (Incoming::Continue, 0, vec![&broken], false, false, false),
        (Incoming::Continue, 1_000_000, vec![&good, &good], true, false, false),
        (Incoming::Continue, 0, vec![], false, false, false),
        (Incoming::Link, 0, vec![&good], true, false, true),
        (Incoming::Link, 1_000_000, vec![&unsampled], false, false, false),
        (Incoming::Ignore, 0, vec![&good], false, false, false),
        (Incoming::Ignore, 1_000_000, vec![&unsampled], true, false, false),
    ] {
        let case = format!("{incoming:?} {share} {sent:?}");
        let dir = tempfile::tempdir().unwrap();
        let collector = Collector::start();
        let tracer = tracer(Options { incoming, sample_per_million: share, ..quick(&collector.url()) });
        let server = traced(dir.path(), &tracer).await;
        let headers: Vec<(&str, &str)> = sent.iter().map(|value| ("traceparent", value.as_str())).collect();
        let (status, _) = server.call("GET", "/ngsi-ld/v1/types", &headers, "").await;
        assert_eq!(status, 200, "{case}");
        server.stop().await;
        // Sends what waits.
        tracer.stop().await;
        let spans = collector.spans();
        assert_eq!(spans.len(), usize::from(recorded), "{case}");
        for span in &spans {
            assert_eq!((span.trace_id == TRACE, span.parent_id == CALLER), (below, below), "{case}");
            let links = if linked { vec![(TRACE.to_owned(), CALLER.to_owned())] } else { vec![] };
            assert_eq!(span.links, links, "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_traces_is_a_share() {
    let collector = Collector::start();
    let tracer = tracer(Options { sample_per_million: 250_000, max_queued_spans: 10_000, ..quick(&collector.url()) });
    let all = (0..4000).filter_map(|_| tracer.root("x", belfry_runtime::telemetry::SpanKind::Internal)).count();
    // Five standard deviations around 1000.
    assert!((863..=1137).contains(&all), "{all} of 4000");
    tracer.stop().await;
    let mut ids: Vec<(String, String)> = collector.spans().into_iter().map(|s| (s.trace_id, s.span_id)).collect();
    assert_eq!(ids.len(), all, "all that waits is sent at the end");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an identifier was given twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_or_never_answers_holds_up_nothing() {
    const QUEUE: usize = 16;
    const REQUESTS: u64 = 600;
    let never = Collector::start();
    never.answer(Answer::Never);
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (url, timeout) in [(never.url(), Duration::from_secs(30)), (gone, Duration::from_millis(200))] {
        let dir = tempfile::tempdir().unwrap();
        // The first batch is held until long after the last request.
        let retry = Duration::from_secs(5);
        let tracer = tracer(Options { max_queued_spans: QUEUE, timeout, retry, ..quick(&url) });
        let server = traced(dir.path(), &tracer).await;
        let mut slowest = Duration::ZERO;
        for _ in 0..REQUESTS {
            let began = Instant::now();
            let (status, _) = server.call("GET", "/ngsi-ld/v1/types", &[], "").await;
            slowest = slowest.max(began.elapsed());
            assert_eq!(status, 200);
            assert!(tracer.queued() <= QUEUE);
        }
        assert!(slowest < Duration::from_secs(5), "a request waited {slowest:?} for {url}");
        let counters = tracer.counters();
        let dropped = || load(&counters.queue_full) + load(&counters.unreachable);
        assert_eq!(load(&counters.exported), 0);
        // Besides the queue, the exporter holds one batch: what fitted into it before the collector stalled.
        assert!(load(&counters.queue_full) > 0, "{counters:?} for {url}");
        if timeout < Duration::from_secs(1) {
            let stopping = Instant::now();
            tracer.stop().await;
            assert!(stopping.elapsed() < Duration::from_secs(5));
            assert_eq!(dropped(), REQUESTS, "every span is accounted for: {counters:?}");
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_the_collector_are_heeded() {
    use belfry_runtime::telemetry::SpanKind;
    let collector = Collector::start();
    let tracer = tracer(quick(&collector.url()));
    let one = || drop(tracer.root("one", SpanKind::Internal).unwrap());
    let counters = tracer.counters();

    // Busy: tried again when it says, and taken once it is not.
    collector.answer(Answer::With(503, "retry-after: 1", Vec::new()));
    one();
    until("an attempt", || !collector.requests().is_empty()).await;
    let asked = Instant::now();
    collector.answer(Answer::With(200, "", Vec::new()));
    until("the export", || load(&counters.exported) == 1).await;
    assert!(asked.elapsed() > Duration::from_millis(800), "{:?}", asked.elapsed());
    let attempts = collector.requests();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].body, attempts[1].body, "the same batch again");

    // Refused: once, and counted.
    collector.answer(Answer::With(400, "", Vec::new()));
    let before = collector.requests().len();
    one();
    until("the refusal", || load(&counters.refused) == 1).await;
    assert_eq!(collector.requests().len(), before + 1);

    // Taken in part: partial_success { rejected_spans: 1 }.
    collector.answer(Answer::With(200, "", vec![0x0a, 0x02, 0x08, 0x01]));
    one();
    until("the partial success", || load(&counters.refused) == 2).await;

    // An answer that is no protobuf counts as taken: the status said so.
    collector.answer(Answer::With(200, "", b"{}".to_vec()));
    one();
    until("the export", || load(&counters.exported) == 2).await;

    // Busy for good: given up after a few attempts.
    collector.answer(Answer::With(429, "", Vec::new()));
    let before = collector.requests().len();
    one();
    until("giving up", || load(&counters.unreachable) == 1).await;
    assert_eq!(collector.requests().len() - before, 4);
    tracer.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_called_is_refused_at_the_start() {
    for (endpoint, why) in [
        ("collector:4318", "its URL is not an absolute http or https URL"),
        ("ftp://collector/", "its URL is not an absolute http or https URL"),
        ("http://user@collector/", "its URL is not an absolute http or https URL"),
        ("http://169.254.169.254/", "addresses of cloud metadata services are not called"),
    ] {
        let outbound = Outbound::new(AddressPolicy { loopback: true, private: true, hosts: Vec::new() });
        let started = Tracer::start(quick(endpoint), outbound, Arc::new(SystemClock), &SystemRng);
        assert_eq!(started.err().map(|e| e.to_string()).as_deref(), Some(why), "{endpoint}");
    }
}
