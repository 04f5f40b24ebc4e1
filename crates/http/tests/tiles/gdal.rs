//! What another program makes of our tiles: GDAL's driver of Mapbox Vector Tiles, where it is installed.

use crate::server::Server;
use crate::village::{TREE, started, tile_at};
use std::process::Command;

/// What `ogrinfo` says of a tile of this server; none when it is not installed.
async fn ogrinfo(server: &Server, path: &str) -> Option<String> {
    let address = format!("http://{}{path}", server.address);
    let run = move || Command::new("ogrinfo").args(["-ro", "-al", &address]).output();
    match tokio::task::spawn_blocking(run).await.unwrap() {
        Ok(said) => {
            assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
            Some(String::from_utf8_lossy(&said.stdout).into_owned())
        }
        Err(why) => {
            assert!(std::env::var_os("CI").is_none(), "ogrinfo (Debian: gdal-bin) is missing: {why}");
            println!("ogrinfo is not there ({why}); not tested");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gdal_opens_tiles() {
    let server = started().await;
    server.post("/entities", TREE).await.expect(201);
    let tile = tile_at(9.505, 47.003, 14);
    let Some(said) = ogrinfo(&server, &format!("/belfry/v1/registers/tiles/basemap/{tile}.mvt")).await else { return };
    for part in [
        "using driver `MVT'",
        "Layer name: landuse",
        "Layer name: road",
        "name (String) = Mill Street",
        "name:ar (String) = مولدورف",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = ogrinfo(&server, &format!("/belfry/v1/registers/tiles/live/{tile}.mvt?type=Tree")).await.unwrap();
    assert!(said.contains("entity (String) = urn:ngsi-ld:Tree:1"), "{said}");
}
