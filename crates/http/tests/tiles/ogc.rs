//! OGC API Tiles: the tilesets of the town and of a collection, the tile matrix set, tiles by row and column.

use crate::server::Server;
use crate::village::{TREE, started, values};
use belfry_kernel::Position;
use belfry_ngsi_ld::Json;
use belfry_tiles::Address;

async fn get(server: &Server, path: &str) -> crate::server::Reply {
    server.get(&format!("!/belfry/v1/ogc/{path}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tilesets_are_described_and_their_tiles_given() {
    let server = started().await;
    server.post("/entities", TREE).await.expect(201);
    let base = format!("http://{}/belfry/v1/ogc", server.address);

    let sets = get(&server, "tileMatrixSets").await.expect(200);
    assert_eq!(sets.member("tileMatrixSets.0.id"), Json::from("WebMercatorQuad"));
    let set = get(&server, "tileMatrixSets/WebMercatorQuad?f=json").await.expect(200);
    assert_eq!(set.member("tileMatrices.3.matrixWidth"), Json::Int(8));
    // The value of OGC 17-083r4, annex D.1, for zoom 0.
    let scale = set.member("tileMatrices.0.scaleDenominator").as_f64().unwrap();
    assert!((scale - 559_082_264.028_717_8).abs() < 1e-6);
    get(&server, "tileMatrixSets/WorldCRS84Quad").await.expect(404);

    let at = Address::at(Position { lon: 9.505, lat: 47.003, alt: None }, 15);
    let row_column = format!("15/{}/{}", at.y(), at.x());
    for (path, layers) in [("tiles", 9), ("collections/Tree/tiles", 1)] {
        let list = get(&server, path).await.expect(200);
        assert_eq!(list.member("tilesets.0.dataType"), Json::from("vector"));
        let itself = format!("{base}/{path}/WebMercatorQuad");
        assert_eq!(list.member("tilesets.0.links.0.href"), Json::from(itself.as_str()));
        let told = get(&server, &format!("{path}/WebMercatorQuad")).await.expect(200);
        assert_eq!(
            told.member("tileMatrixSetURI").as_str().and_then(|uri| uri.rsplit('/').next().map(str::to_owned)).unwrap(),
            "WebMercatorQuad"
        );
        let Json::Array(all) = told.member("layers") else { panic!("{}", told.text()) };
        assert_eq!(all.len(), layers, "{path}");
        let item = format!("{itself}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}");
        assert_eq!(told.member("links.2.href"), Json::from(item.as_str()));
        assert_eq!(told.member("links.2.rel"), Json::from("item"));
        let tile = get(&server, &format!("{path}/WebMercatorQuad/{row_column}?f=mvt")).await.expect(200);
        assert_eq!(values(&tile, "live", "entity"), ["urn:ngsi-ld:Tree:1"]);
        let ground: &[&str] = if path == "tiles" { &["wood"] } else { &[] };
        assert_eq!(values(&tile, "landuse", "class"), ground);
        for elsewhere in
            ["WebMercatorQuad/19/0/0", "WebMercatorQuad/2/4/0", "WebMercatorQuad/a/0/0", "WorldCRS84Quad/0/0/0"]
        {
            get(&server, &format!("{path}/{elsewhere}")).await.expect(404);
        }
    }
    get(&server, "tiles/WebMercatorQuad/10/0/0").await.expect(204);
    get(&server, "collections/Nothing/tiles").await.expect(404);
    get(&server, "collections/Nothing/tiles/WebMercatorQuad/0/0/0").await.expect(404);
}
