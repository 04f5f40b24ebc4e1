//! The basemap: put, refused, kept, replaced, taken away; its tiles, what caches may do with them, and its archive.

use crate::server::{Server, Setup};
use crate::village::{BASEMAP, map, middle, ready, started, tile_at, values};
use belfry_identity::{Mode, Role};
use belfry_ngsi_ld::Json;
use belfry_tiles::pmtiles::{Limits, Reader};
use std::io::{Cursor, Read as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_map_is_put_told_drawn_and_kept() {
    let server = Server::start().await;
    assert_eq!(server.get(&format!("!{BASEMAP}")).await.expect(200).member("state"), Json::from("none"));
    let none = server.get(&middle(14)).await.expect(404);
    assert!(none.text().contains("there is no basemap yet"), "{}", none.text());

    let told = server.put(BASEMAP, "application/xml", map()).await.expect(201);
    assert_eq!(told.header("location"), BASEMAP);
    for (path, value) in [
        ("state", Json::from("ready")),
        ("edition", Json::Int(1)),
        ("attribution", Json::from("© OpenStreetMap contributors")),
        ("maxzoom", Json::Int(17)),
        ("map.format", Json::from("OpenStreetMap")),
        ("map.nodes", Json::Int(9)),
        ("map.ways", Json::Int(3)),
        ("map.features", Json::Int(4)),
        ("bounds.0", Json::number(9.5)),
    ] {
        assert_eq!(told.member(path), value, "{path} in {}", told.text());
    }
    let tile = server.get(&middle(14)).await.expect(200);
    assert_eq!(values(&tile, "road", "name"), ["Mill Street"]);
    assert_eq!(values(&tile, "landuse", "class"), ["wood"]);
    assert_eq!(values(&tile, "place", "name:ar"), ["مولدورف"]);
    assert_eq!(server.get(&format!("{}.mvt", middle(14))).await.expect(200).body, tile.body);

    // It takes the place of the first, with a credit of its own.
    let path = format!("{BASEMAP}?attribution=%C2%A9%20Surveyors");
    let told = server.put(&path, "application/xml", map().replace("Mill", "Old")).await.expect(200);
    assert_eq!((told.member("edition"), told.member("attribution")), (Json::Int(2), Json::from("© Surveyors")));
    assert_eq!(values(&server.get(&middle(14)).await.expect(200), "road", "name"), ["Old Street"]);

    // A new server reads the file that is kept.
    let dir = Some(server.stop().await);
    let server = Server::set_up(Setup { dir, ..Setup::default() }).await;
    assert_eq!(ready(&server).await.member("attribution"), Json::from("© Surveyors"));
    assert_eq!(values(&server.get(&middle(14)).await.expect(200), "road", "name"), ["Old Street"]);

    server.call("DELETE", &format!("!{BASEMAP}"), &[], "").await.expect(204);
    server.call("DELETE", &format!("!{BASEMAP}"), &[], "").await.expect(404);
    server.get(&middle(14)).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_map_changes_nothing() {
    let server = started().await;
    let whole = map();
    for (what, body, why) in [
        ("no map", "nonsense".to_owned(), "the map"),
        ("cut off", whole[..whole.len() - 40].to_owned(), "the map is broken at byte"),
        (
            "nothing shown",
            "<osm version=\"0.6\"><node id=\"1\" lon=\"9\" lat=\"47\"/></osm>".to_owned(),
            "the map holds nothing",
        ),
        ("an archive that ends", "PMTiles\u{3}".to_owned(), "the archive cannot be read"),
    ] {
        let reply = server.put(BASEMAP, "application/octet-stream", body).await.expect(400);
        let detail = reply.member("detail");
        assert!(detail.as_str().unwrap().starts_with(why), "{what}: {}", reply.text());
    }
    server.put(BASEMAP, "application/json", "{}").await.expect(415);
    server.put(BASEMAP, "application/xml", vec![b' '; (1 << 20) + 1]).await.expect(413);
    assert_eq!(ready(&server).await.member("edition"), Json::Int(1));
    assert_eq!(values(&server.get(&middle(14)).await.expect(200), "road", "name"), ["Mill Street"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_packed_and_cached_as_the_client_can() {
    let server = started().await;
    let plain = server.get(&middle(14)).await.expect(200);
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    assert_eq!(plain.header("cache-control"), "no-cache");
    let packed = server.call("GET", &middle(14), &[("accept-encoding", "br, gzip")], "").await.expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert_eq!(packed.header("etag"), plain.header("etag"));
    let known = server.call("GET", &middle(14), &[("if-none-match", plain.header("etag"))], "").await.expect(304);
    assert!(known.body.is_empty());

    // An address with the edition in it may be kept; with another one it must not.
    let kept = async |path: String| server.get(&path).await.expect(200).header("cache-control").to_owned();
    assert_eq!(kept(format!("{}?edition=1", middle(14))).await, "private, max-age=86400");
    assert_eq!(kept(format!("{}?edition=2", middle(14))).await, "no-cache");

    // Nothing is there, and: there is no such tile.
    let empty = server.get(&format!("!/belfry/v1/registers/tiles/basemap/{}", tile_at(0.0, 0.0, 14))).await.expect(204);
    assert!(empty.body.is_empty());
    for path in ["18/0/0", "3/8/0", "300/0/0", "3/x/0", "3/0/-1"] {
        server.get(&format!("!/belfry/v1/registers/tiles/basemap/{path}")).await.expect(404);
    }
    let json = server.get("!/belfry/v1/registers/tiles/basemap").await.expect(200);
    let address = format!("http://{}/belfry/v1/registers/tiles/basemap/{{z}}/{{x}}/{{y}}?edition=1", server.address);
    assert_eq!(json.member("tiles.0"), Json::from(address.as_str()));
    assert_eq!(json.member("tilejson"), Json::from("3.0.0"));
    assert_eq!(json.member("vector_layers.0.id"), Json::from("landuse"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_out_and_in() {
    let server = started().await;
    let archive = server.get("!/belfry/v1/registers/basemap.pmtiles").await.expect(200);
    assert_eq!(archive.header("content-type"), "application/vnd.pmtiles");
    let mut reader = Reader::open(Cursor::new(archive.body.clone()), Limits::default()).unwrap();
    assert_eq!(reader.header().max_zoom, 14);
    assert_eq!(reader.metadata().unwrap().attribution, "© OpenStreetMap contributors");
    let small = server.get("!/belfry/v1/registers/basemap.pmtiles?maxzoom=9").await.expect(200);
    assert!(small.body.len() < archive.body.len());
    server.get("!/belfry/v1/registers/basemap.pmtiles?maxzoom=18").await.expect(400);

    let drawn = server.get(&middle(14)).await.expect(200);
    let other = Server::start().await;
    let told = other.put(BASEMAP, "application/vnd.pmtiles", archive.body.clone()).await.expect(201);
    assert_eq!(told.member("map.format"), Json::from("PMTiles"));
    assert_eq!(
        (told.member("maxzoom"), told.member("attribution")),
        (Json::Int(14), Json::from("© OpenStreetMap contributors"))
    );
    assert_eq!(other.get(&middle(14)).await.expect(200).body, drawn.body);
    other.get(&middle(15)).await.expect(404);
    // It is given as it was put.
    assert_eq!(other.get("!/belfry/v1/registers/basemap.pmtiles").await.expect(200).body, archive.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_a_map_of_its_own_and_readers_change_none() {
    let server = Server::with(belfry_config::Limits::default(), Mode::Tokens).await;
    server.app.tenants.get_or_create("mill").unwrap();
    let admin = format!("Bearer {}", server.token(Role::Admin, Some("mill")).await);
    let reader = format!("Bearer {}", server.token(Role::Reader, Some("mill")).await);
    let as_one =
        |token: &str| [("ngsild-tenant".to_owned(), "mill".to_owned()), ("authorization".to_owned(), token.to_owned())];
    let call = async |method: &str, path: &str, token: &str, body: &str| {
        let own = as_one(token);
        let mut headers: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push(("content-type", "application/xml"));
        let headers = if body.is_empty() { &headers[..2] } else { &headers[..] };
        server.call(method, path, headers, body).await
    };
    call("PUT", &format!("!{BASEMAP}"), &reader, &map()).await.expect(403);
    call("PUT", &format!("!{BASEMAP}"), &admin, &map()).await.expect(201);
    call("GET", &middle(14), &reader, "").await.expect(200);
    server.get(&middle(14)).await.expect(401);
    let elsewhere = [("authorization", reader.as_str())];
    server.call("GET", &middle(14), &elsewhere, "").await.expect(403);
}
