//! The listener: accepts connections within a limit, serves HTTP/1.1 and HTTP/2 on each, ends those that do nothing, and
//! stops gracefully. Knows no route.

mod pulse;

use crate::app::App;
use crate::problem;
use crate::router::Router;
use axum::body::Body;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use pulse::{Answer, Patience, Pulse, Underway, Verdict, Watch, Watched};
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long requests under way may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// Streams that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 100;
/// Bytes of one stream's answer that HTTP/2 holds ready to be sent.
const SEND_BUFFER: usize = 64 << 10;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Connections that were cut off because they did not end in time.
    pub cut_off: usize,
}

/// Serves until `shutdown` resolves, then lets requests under way end.
pub async fn serve(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) -> Served {
    let router = Arc::new(Router::new(&app));
    let builder = Arc::new(builder(&app));
    let places = Arc::new(Semaphore::new(app.limits.max_connections));
    let patience = Patience {
        unread: Duration::from_secs(app.limits.read_patience_s),
        bytes: app.limits.max_unread_bytes as u64,
        bytes_of_one: app.limits.max_unread_bytes_per_connection as u64,
    };
    let watch = Watch::new(Duration::from_secs(app.limits.header_read_timeout_s), patience);
    let watching = tokio::spawn(watch.clone().run());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        // A place first: further connections wait in the kernel's queue.
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = places.clone().acquire_owned() => place.expect("the semaphore is never closed"),
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            // Ended connections leave the set while no new one comes.
            Some(_) = connections.join_next() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or a client that left: neither ends the server, nor may it spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let (builder, router, app, pulse) = (builder.clone(), router.clone(), app.clone(), watch.open());
        connections.spawn(async move {
            app.metrics.connections.fetch_add(1, Ordering::Relaxed);
            app.metrics.connections_total.fetch_add(1, Ordering::Relaxed);
            connection(stream, &builder, router, pulse).await;
            app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    watch.end();
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(GRACE, all_ended).await.is_ok();
    let cut_off = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    watching.abort();
    Served { cut_off }
}

fn builder(app: &App) -> Builder<TokioExecutor> {
    let limits = &app.limits;
    let head = limits.max_header_bytes + limits.max_url_bytes;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // hyper's own limit sets a timer up for every request, and knows nothing of a client that never sends a byte.
        .header_read_timeout(None)
        .keep_alive(true)
        // Twice the limit: what is a little too long gets its problem, what is far too long a bare refusal.
        .max_buf_size((head * 2).max(64 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(head * 2).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// The answer as it is sent: this one, unless too much waits in memory for those who asked to read it.
fn hand_over(response: Response, underway: Underway) -> http::Response<Answer<Body>> {
    let (head, body) = response.into_parts();
    let too_much = match Answer::new(body, underway) {
        Ok(answer) => return http::Response::from_parts(head, answer),
        Err(underway) => underway,
    };
    let text = "more answers wait in memory for their clients to read them than may (server.limits.max_unread_bytes)";
    let (head, body) = problem::answer(&Error::new(Kind::Unavailable, text)).into_parts();
    http::Response::from_parts(head, Answer::small(body, too_much))
}

async fn connection(stream: TcpStream, builder: &Builder<TokioExecutor>, router: Arc<Router>, pulse: Arc<Pulse>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone before it began");
        return;
    }
    let requests = pulse.clone();
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let router = router.clone();
        let underway = requests.begin();
        async move {
            underway.room().await;
            // In a box, so that a connection without a request does not carry its room.
            let response = Box::pin(router.answer(request.map(Body::new))).await;
            Ok::<_, std::convert::Infallible>(hand_over(response, underway))
        }
    });
    let stream = Watched { stream: TokioIo::new(stream), pulse: pulse.clone() };
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    let mut ending = false;
    let ended = poll_fn(|context| {
        match pulse.verdict(context) {
            Verdict::Live => {}
            Verdict::End if ending => {}
            Verdict::End => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
            Verdict::Cut => return Poll::Ready(Ok(())),
        }
        connection.as_mut().poll(context)
    });
    if let Err(error) = ended.await {
        tracing::debug!(error, "a connection ended early");
    }
}
