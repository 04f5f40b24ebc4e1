//! A small application behind the door, with every kind of endpoint: what it is given, and what the client sees of it.

use crate::server::{Server, Setup};
use belfry_config::Limits;
use belfry_identity::{Mode, Role};
use belfry_kit::{
    Access, App, BoxFuture, Bytes, Caching, Chunks, Ctx, Endpoint, Error, FeedItem, Hosted, Iri, Kind, Manifest,
    Method, Parameter, Reply, Request, Schema,
};
use belfry_ngsi_ld::form::{self, Mode as Reading};
use belfry_ngsi_ld::{Context, Json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

struct Bells {
    manifest: Manifest,
}

struct Tower {
    ctx: Ctx,
    /// Entities that were changed since it was opened.
    heard: Arc<AtomicU64>,
}

const RING: &[Parameter] = &[
    Parameter::new("times", Schema::Number, "How often."),
    Parameter::new("pitch", Schema::Decimal, "How high."),
    Parameter::new("loud", Schema::Boolean, "Whether it is loud."),
    Parameter::new("mode", Schema::OneOf(&["peal", "toll"]), "How."),
];

fn bells() -> Hosted {
    let text =
        "name = \"bells\"\ntitle = \"Bells\"\nversion = \"1.2.3\"\npurpose = \"To try every kind of endpoint.\"\n";
    Hosted::new(Bells { manifest: Manifest::parse(text).unwrap() })
}

impl App for Bells {
    type Service = Tower;

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn endpoints(&self) -> Vec<Endpoint<Tower>> {
        use Access::{Admin, Public, Read, Write};
        use Method::{Delete, Get, Patch, Post, Put};
        const JSON: &[&str] = &["application/json"];
        vec![
            Endpoint::new(Get, "/belfry/v1/bells", "listBells", Public, "Anyone may hear.", hear),
            Endpoint::new(Get, "/belfry/v1/bells/{bell}", "ringBell", Read, "Rings.", ring).with(&[RING]),
            Endpoint::new(Post, "/belfry/v1/bells/{bell}", "castBell", Write, "Casts.", cast).takes(JSON),
            Endpoint::new(Patch, "/belfry/v1/bells/{bell}", "muffleBell", Write, "Refuses.", muffle).takes(JSON),
            Endpoint::new(Delete, "/belfry/v1/bells/{bell}", "meltBell", Admin, "Melts.", melt),
            Endpoint::new(Put, "/belfry/v1/bells/{bell}/score", "putScore", Write, "Keeps a file.", put_score)
                .takes_file(&["text/plain", "application/octet-stream"], Duration::from_secs(60)),
            Endpoint::new(Get, "/belfry/v1/bells/{bell}/score", "getScore", Read, "Streams a file.", get_score),
            Endpoint::new(Get, "/elsewhere/{bell}", "oldBell", Read, "Moved.", moved),
            Endpoint::new(Get, "/belfry/v1/bells/{bell}/crack", "crackBell", Read, "Breaks off.", crack),
        ]
    }

    fn open(&self, ctx: Ctx) -> Result<Arc<Tower>, Error> {
        if ctx.tenant() == "deaf" {
            return Err(Error::internal("no bells here"));
        }
        let heard = Arc::<AtomicU64>::default();
        let (counting, mut feed) = (heard.clone(), ctx.follow(ctx.seq()));
        ctx.spawn("listening", async move {
            while let Some(Ok(FeedItem::Commit(commit))) = feed.next().await {
                counting.fetch_add(commit.changes.entities.len() as u64, Ordering::Relaxed);
            }
        });
        Ok(Arc::new(Tower { ctx, heard }))
    }
}

async fn hear(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    if request.choose(&["application/json", "text/plain"])? == 1 {
        return Ok(Reply::text("ding"));
    }
    let heard = Json::Int(tower.heard.load(Ordering::Relaxed) as i64);
    let mine = tower.ctx.document("log")?.map_or(Json::Null, |bytes| Json::from(std::str::from_utf8(&bytes).unwrap()));
    Ok(Reply::json(&Json::Object(vec![("heard".into(), heard), ("log".into(), mine)])))
}

async fn ring(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    let id = request.segment(0).to_owned();
    let entity = tower.ctx.entity(&id)?.ok_or_else(|| Error::not_found("there is no such bell").coded("NoBell"))?;
    let times = request.parameters.number("times").unwrap_or(1);
    let worked = tower.ctx.blocking(move || "ding ".repeat(times)).await?;
    let text = format!("{}{} {:?} {}", worked, entity.id, request.principal, request.target_with(&[("times", "9")]));
    let reply = Reply::text(text).tagged("\"7\"").cached(Caching::Private(60));
    Ok(reply.linked("/belfry/v1/bells", "up", "application/json").with("content-crs", "<x>"))
}

async fn cast(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    let limits = form::Limits::default();
    let mut entity = form::read_entity(&request.body, Context::core(), &limits)?;
    let by = request.principal.clone();
    entity.id = Iri::parse(request.segment(0)).map_err(|e| Error::bad_data(e.to_string()))?;
    let id = entity.id.to_string();
    tower
        .ctx
        .write(move |draft| {
            draft.put(entity)?;
            draft.put_document("log", Some(by.as_deref().unwrap_or("nobody").as_bytes().into()));
            Ok(())
        })
        .await?;
    Ok(Reply::bytes("application/json", "{}").made_at(format!("/belfry/v1/bells/{id}")))
}

/// Puts what the reader at the door would have refused, and says what became of it.
async fn muffle(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    let text = br#"{"id":"urn:b:1","type":"Bell","p":1}"#;
    let mut entity = form::read_fragment(text, Context::core(), &form::Limits::default(), Reading::Full)
        .and_then(|_| form::read_entity(text, Context::core(), &form::Limits::default()))?;
    entity.attributes[0].name = Context::core().expand("faceId")?;
    assert_eq!(request.media, Some("application/json"));
    tower.ctx.write(move |draft| draft.put(entity)).await?;
    Ok(Reply::no_content())
}

async fn melt(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    let id = Iri::parse(request.segment(0)).map_err(|e| Error::bad_data(e.to_string()))?;
    tower.ctx.write(move |draft| draft.delete(id)).await?;
    Ok(Reply::no_content())
}

async fn put_score(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    let media = request.media.unwrap_or_default();
    let file = tower.ctx.files().put(request.segment(0), media, request.body.clone()).await?;
    Ok(Reply::text(format!("{} {} {}", file.edition, file.bytes, file.sha256)))
}

async fn get_score(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    let files = tower.ctx.files();
    let file = files.get(request.segment(0))?.ok_or_else(|| Error::not_found("there is no score"))?;
    Ok(Reply::chunks(file.media.clone(), files.chunks(&file)))
}

async fn moved(_: Arc<Tower>, request: Request) -> Result<Reply, Error> {
    Ok(Reply::see_other(format!("{}/belfry/v1/bells/{}", request.server, request.segment(0))))
}

/// Gives one chunk, and breaks off when that has had time to leave.
struct Broken {
    ctx: Ctx,
    begun: bool,
}

impl Chunks for Broken {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Bytes, Error>>> {
        Box::pin(async move {
            if !std::mem::replace(&mut self.begun, true) {
                return Some(Ok(Bytes::from_static(b"ding")));
            }
            self.ctx.sleep(Duration::from_millis(100)).await;
            Some(Err(Error::internal("crack")))
        })
    }
}

async fn crack(tower: Arc<Tower>, _: Request) -> Result<Reply, Error> {
    Ok(Reply::chunks("text/plain", Box::new(Broken { ctx: tower.ctx.clone(), begun: false })))
}

const BELL: &str = r#"{"id":"urn:b:1","type":"Bell","weight":{"type":"Property","value":5}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_answered_like_the_platforms_own() {
    let server = Server::set_up(Setup { hosted: vec![bells()], ..Setup::default() }).await;
    let bell = "!/belfry/v1/bells/urn:b:1";
    let missing = server.get(bell).await.expect(404);
    assert_eq!((missing.problem().as_str(), missing.member("code")), ("ResourceNotFound", Json::from("NoBell")));
    let made = server.post(bell, BELL).await.expect(201);
    assert_eq!((made.header("location"), made.text()), ("/belfry/v1/bells/urn:b:1", "{}"));
    // What it wrote is an entity like any other.
    assert_eq!(server.get("/entities/urn:b:1?format=keyValues").await.expect(200).member("weight"), Json::Int(5));

    let rung = server.get(&format!("{bell}?times=2&pitch=-1.5&loud=true&mode=toll")).await.expect(200);
    let target = "/belfry/v1/bells/urn:b:1?pitch=-1.5&loud=true&mode=toll&times=9";
    assert_eq!(rung.text(), format!("ding ding urn:b:1 None {target}"));
    for (header, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("etag", "\"7\""),
        ("cache-control", "private, max-age=60"),
        ("link", "</belfry/v1/bells>; rel=\"up\"; type=\"application/json\""),
        ("content-crs", "<x>"),
    ] {
        assert_eq!(rung.header(header), value);
    }
    let known = server.call("GET", bell, &[("if-none-match", "W/\"6\", \"7\"")], "").await.expect(304);
    assert!(known.body.is_empty() && known.header("etag") == "\"7\"");
    server.call("GET", bell, &[("if-none-match", "\"6\"")], "").await.expect(200);
    let head = server.call("HEAD", bell, &[], "").await.expect(200);
    assert!(head.body.is_empty() && head.header("etag") == "\"7\"");
    assert_eq!(
        server.call("OPTIONS", bell, &[], "").await.expect(204).header("allow"),
        "GET, POST, PATCH, DELETE, HEAD, OPTIONS"
    );
    let wrong = server.call("PUT", bell, &[], "").await.expect(405);
    assert_eq!(wrong.header("allow"), "GET, POST, PATCH, DELETE, HEAD, OPTIONS");
    let moved = server.get("!/elsewhere/urn:b:1").await.expect(303);
    assert_eq!(moved.header("location"), format!("http://{}/belfry/v1/bells/urn:b:1", server.address));

    // Negotiated, public, counted, and awake beside.
    assert_eq!(server.call("GET", "!/belfry/v1/bells", &[("accept", "text/*")], "").await.expect(200).text(), "ding");
    server.call("GET", "!/belfry/v1/bells", &[("accept", "image/png")], "").await.expect(406);
    let heard = server.get("!/belfry/v1/bells").await.expect(200);
    assert_eq!((heard.member("heard"), heard.member("log")), (Json::Int(1), Json::from("nobody")));
    let metrics = server.get("!/metrics").await.expect(200);
    let counted = "belfry_http_requests_total{operation=\"ringBell\",status=\"2xx\"} 3";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
    server.call("DELETE", bell, &[], "").await.expect(204);
    server.get(bell).await.expect(404);
    server.call("DELETE", bell, &[], "").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_before_the_application_sees_it() {
    let limits = Limits { max_body_bytes: 2048, max_url_bytes: 256, ..Limits::default() };
    let server = Server::set_up(Setup { hosted: vec![bells()], limits, ..Setup::default() }).await;
    let bell = "!/belfry/v1/bells/urn:b:1";
    for (query, detail) in [
        ("times=x", "times: it is a whole number from 0"),
        ("pitch=high", "pitch: it is a number"),
        ("pitch=inf", "pitch: it is a number"),
        ("loud=1", "loud: it is true or false"),
        ("mode=swing", "mode: it is one of peal, toll"),
        ("colour=red", "the parameter \"colour\" does not belong to this operation"),
        ("times=1&times=2", "the parameter \"times\" is there twice"),
    ] {
        let reply = server.get(&format!("{bell}?{query}")).await.expect(400);
        assert_eq!(reply.member("detail"), Json::from(detail), "{query}");
    }
    let text = [("content-type", "text/plain")];
    let refused = server.call("POST", bell, &text, "x").await.expect(415);
    assert_eq!(refused.header("accept"), "application/json");
    server.post(bell, &format!("{{\"a\":\"{}\"}}", "x".repeat(3000))).await.expect(413);
    server.get(&format!("{bell}?times={}", "1".repeat(300))).await.expect(414);
    assert_eq!(server.post(bell, "{").await.expect(400).problem(), "InvalidRequest");
    let names = server.call("PATCH", bell, &[], "{}").await.expect(400);
    assert!(names.text().contains("faceId is refused"), "{}", names.text());
    // A file may be larger than other bodies, and has its own limit.
    let score = "!/belfry/v1/bells/great/score";
    server.call("PUT", score, &text, &"x".repeat(5000)).await.expect(200);
    server.call("PUT", score, &text, &"x".repeat((1 << 20) + 1)).await.expect(413);
    server.call("PUT", "!/belfry/v1/bells/a%2Fb/score", &text, "x").await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_in_pieces_and_streamed() {
    let server = Server::set_up(Setup { hosted: vec![bells()], ..Setup::default() }).await;
    let score = "!/belfry/v1/bells/great/score";
    server.get(score).await.expect(404);
    let text = [("content-type", "text/plain")];
    let long: String = (0..60_000).map(|n| format!("{n:08} ")).collect();
    let put = server.call("PUT", score, &text, &long).await.expect(200);
    assert!(put.text().starts_with("1 540000 "), "{}", put.text());
    let back = server.get(score).await.expect(200);
    assert_eq!((back.header("content-type"), back.text() == long), ("text/plain", true));
    assert!(server.call("PUT", score, &text, "short").await.expect(200).text().starts_with("2 5 "));
    assert_eq!(server.get(score).await.expect(200).text(), "short");
    // Pieces of the first are gone: what is left is one head and one piece.
    let store = server.app.tenants.get("").unwrap();
    let left = store.documents(belfry_ports::Collection::File, None, 100).unwrap();
    assert_eq!(left.len(), 2, "{:?}", left.iter().map(|d| &d.key).collect::<Vec<_>>());
    drop(store);
    // Both together are more than all files may be.
    let most = "x".repeat(1 << 20);
    server.call("PUT", score, &text, &most).await.expect(200);
    server.call("PUT", "!/belfry/v1/bells/little/score", &text, &most).await.expect(200);
    let full = server.call("PUT", "!/belfry/v1/bells/third/score", &text, "x").await.expect(413);
    assert!(full.text().contains("apps.max_files_bytes"), "{}", full.text());
    // They outlive the server.
    server.put(&score[1..], "application/octet-stream", vec![0, 159, 146, 150]).await.expect(200);
    let dir = Some(server.stop().await);
    let server = Server::set_up(Setup { hosted: vec![bells()], dir, ..Setup::default() }).await;
    assert_eq!(server.get(score).await.expect(200).body[..], [0, 159, 146, 150]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_not_taken_for_a_whole_one() {
    let server = Server::set_up(Setup { hosted: vec![bells()], ..Setup::default() }).await;
    let (mut sender, connection) = {
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap()
    };
    tokio::spawn(connection);
    let request = http::Request::get("/belfry/v1/bells/x/crack").header("host", server.address.to_string());
    let body = http_body_util::Empty::<Bytes>::new();
    let response = sender.send_request(request.body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(http_body_util::BodyExt::collect(response.into_body()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_and_tokens_are_told_apart() {
    let server = Server::set_up(Setup { hosted: vec![bells()], mode: Mode::Tokens, ..Setup::default() }).await;
    server.app.tenants.get_or_create("mill").unwrap();
    server.app.tenants.get_or_create("deaf").unwrap();
    let writer = format!("Bearer {}", server.token(Role::Writer, None).await);
    let reader = format!("Bearer {}", server.token(Role::Reader, None).await);
    let bell = "!/belfry/v1/bells/urn:b:1";
    let with = |token: &'static str| [("authorization", token)];
    let (writer, reader) = (with(writer.leak()), with(reader.leak()));
    server.post(bell, BELL).await.expect(401);
    server.call("POST", bell, &reader, BELL).await.expect(403);
    let at_mill = [writer[0], ("ngsild-tenant", "mill")];
    server.call("POST", bell, &at_mill, BELL).await.expect(201);
    server.call("GET", bell, &writer, "").await.expect(404);
    let rung = server.call("GET", bell, &at_mill, "").await.expect(200);
    assert!(rung.text().contains("Some(\"test\")") && rung.header("ngsild-tenant") == "mill", "{}", rung.text());
    server.call("DELETE", bell, &at_mill, "").await.expect(403);
    // Anyone may hear, with the tenant's own log.
    let heard = server.call("GET", "!/belfry/v1/bells", &[("ngsild-tenant", "mill")], "").await.expect(200);
    assert_eq!(heard.member("log"), Json::from("test"));
    let nowhere = server.call("GET", bell, &[reader[0], ("ngsild-tenant", "nowhere")], "").await.expect(404);
    assert_eq!(nowhere.problem(), "NonexistentTenant");
    // One that cannot be opened keeps nothing else from working.
    let deaf = [reader[0], ("ngsild-tenant", "deaf")];
    let reply = server.call("GET", bell, &deaf, "").await.expect(503);
    assert!(reply.text().contains("could not be opened") && !reply.text().contains("no bells here"));
    server.call("GET", "/types", &deaf, "").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_lists_applications_and_their_endpoints() {
    let server = Server::set_up(Setup { hosted: vec![bells()], ..Setup::default() }).await;
    let described = server.get("!/openapi.json").await.expect(200);
    assert_eq!(described.member("tags.0.name"), Json::from("bells"));
    let json = described.json();
    let ring = json.get("paths").and_then(|p| p.get("/belfry/v1/bells/{bell}")).and_then(|p| p.get("get")).unwrap();
    assert_eq!(ring.get("tags"), Some(&Json::Array(vec![Json::from("bells")])));
    let Some(Json::Array(parameters)) = ring.get("parameters") else { panic!("{ring:?}") };
    let names: Vec<_> = parameters.iter().filter_map(|p| p.get("name")?.as_str()).collect();
    assert_eq!(names, ["bell", "times", "pitch", "loud", "mode"]);
    // The product's own stand in the committed description, which a test of its own compares.
    let kinds = [Kind::ResourceNotFound, Kind::Unavailable];
    assert!(kinds.iter().all(|kind| Error::new(*kind, "x").code().is_none()));
}
