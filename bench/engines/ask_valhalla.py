"""Valhalla on the same map and the same questions, for `bench roads`.

    ask_valhalla.py MAP.osm.pbf QUESTIONS.json FOLDER

QUESTIONS.json: {"pairs": [[[lon, lat], [lon, lat]], ...], "lines": [[[lon, lat], ...], ...], "matrices": n,
"isochrones": n}; a line is another router's way for the pair, empty for none; each matrix is of 50 starts and 50 ends.
Tiles are built in FOLDER. The answer on standard output: {"version", "routes": [[seconds, metres] or null, ...], "clocked":
[seconds or null, ...], "route_ms", "matrix_ms", "isochrone_ms"}: what the other's way takes by Valhalla's own clock, and
three medians.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

import valhalla


def build(map_file: str, folder: pathlib.Path) -> pathlib.Path:
    tiles = folder / "tiles"
    tiles.mkdir(parents=True, exist_ok=True)
    config = valhalla.get_config(tile_extract="", tile_dir=str(tiles))
    config["mjolnir"]["admin"] = ""
    config["mjolnir"]["timezone"] = ""
    config["mjolnir"]["logging"] = {"type": ""}
    # The questions are those of a county; nothing is asked that its limits would refuse.
    config["service_limits"]["auto"]["max_matrix_location_pairs"] = 10_000
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    program = pathlib.Path(valhalla.__file__).parent / "bin/valhalla_build_tiles"
    built = subprocess.run([program, "-c", path, map_file], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise SystemExit(f"valhalla_build_tiles failed:\n{built.stdout}{built.stderr}")
    return path


def place(position: list[float]) -> dict:
    return {"lon": position[0], "lat": position[1]}


def timed(ask) -> tuple[float, dict | None]:
    begin = time.perf_counter()
    try:
        answer = ask()
    except valhalla.ValhallaError:
        answer = None
    return (time.perf_counter() - begin) * 1000, answer


def main() -> None:
    map_file, questions, folder = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text()), sys.argv[3]
    actor = valhalla.Actor(build(map_file, pathlib.Path(folder)))
    pairs = questions["pairs"]
    times, routes = [], []
    for start, end in pairs:
        took, answer = timed(lambda: actor.route({"locations": [place(start), place(end)], "costing": "auto"}))
        times.append(took)
        summary = answer["trip"]["summary"] if answer else None
        routes.append([summary["time"], summary["length"] * 1000] if summary else None)
    clocked = []
    for line in questions["lines"]:
        ask = {"shape": [place(at) for at in line], "costing": "auto", "shape_match": "map_snap", "directions_type": "none"}
        answer = timed(lambda: actor.trace_route(ask))[1] if line else None
        clocked.append(answer["trip"]["summary"]["time"] if answer else None)
    matrices = []
    for number in range(questions["matrices"]):
        chosen = [pairs[(number * 50 + at) % len(pairs)] for at in range(50)]
        ask = {
            "sources": [place(start) for start, _ in chosen],
            "targets": [place(end) for _, end in chosen],
            "costing": "auto",
        }
        matrices.append(timed(lambda: actor.matrix(ask))[0])
    isochrones = []
    for number in range(questions["isochrones"]):
        ask = {"locations": [place(pairs[number][0])], "costing": "auto", "contours": [{"time": 15}], "polygons": True}
        isochrones.append(timed(lambda: actor.isochrone(ask))[0])
    json.dump(
        {
            "version": valhalla.__version__,
            "routes": routes,
            "clocked": clocked,
            "route_ms": statistics.median(times),
            "matrix_ms": statistics.median(matrices),
            "isochrone_ms": statistics.median(isochrones),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
