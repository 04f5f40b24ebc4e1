//! Tables of configurations, right and wrong.

use std::path::Path;

use crate::{Config, CoreVersion, Durability, LogFormat, Mode, Place};

type Pairs = &'static [(&'static str, &'static str)];

fn load(file: &str, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, String> {
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    Config::parse(file, Path::new("belfry.toml"), own(env), &own(flags)).map_err(|error| error.to_string())
}

#[test]
fn nothing_set_is_the_default_and_valid() {
    assert_eq!(load("", &[], &[]), Ok(Config::default()));
    Config::default().validate().expect("the defaults are valid");
    assert_eq!(Config::default().server.listen.to_string(), "127.0.0.1:1026");
}

#[test]
fn later_layers_win_key_by_key() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n[server.limits]\nmax_batch = 10\nmax_depth = 10\n";
    let env = [("BELFRY_SERVER_LISTEN", "127.0.0.1:2"), ("BELFRY_SERVER_LIMITS_MAX_BATCH", "20"), ("PATH", "/bin")];
    let config = load(file, &env, &[("server.listen", "127.0.0.1:3")]).expect("valid");
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!((config.server.limits.max_batch, config.server.limits.max_depth), (20, 10));
    assert_eq!(config.server.limits.max_url_bytes, 8192);
}

#[test]
fn texts_of_variables_and_flags_become_every_kind_of_value() {
    let config = load(
        "",
        &[
            ("BELFRY_STORE_DURABILITY", "{ interval_ms = 50 }"),
            ("BELFRY_CONTEXT_ALLOW_HOSTS", "uri.etsi.org, *.example.org"),
            ("BELFRY_CONTEXT_CORE_VERSION", "1.9"),
            ("BELFRY_SERVER_PUBLIC_URL", ""),
            ("BELFRY_LOG_FORMAT", "json"),
            ("BELFRY_SERVER_LIMITS_MAX_BODY_BYTES", "1_048_576"),
        ],
        &[
            ("history.enabled", "false"),
            ("history.retention", r#"[{ keep_days = 7, attributes = ["pm10"], then_every = "PT1H" }]"#),
            ("context.allow_hosts", r#"["a.example"]"#),
            ("store.data_dir", "/var/lib/belfry, really"),
            ("security.mode", "tokens"),
        ],
    )
    .expect("valid");
    assert_eq!(config.store.durability, Durability::IntervalMs(50));
    assert_eq!(config.context.allow_hosts, ["a.example"]);
    assert_eq!(config.context.core_version, CoreVersion::V1_9);
    assert_eq!((config.server.public_url, config.log.format), (None, LogFormat::Json));
    assert_eq!(config.server.limits.max_body_bytes, 1 << 20);
    assert_eq!((config.history.enabled, config.security.mode), (false, Mode::Tokens));
    assert_eq!((config.history.retention[0].keep_days, config.history.retention[0].types.len()), (7, 0));
    assert_eq!(config.store.data_dir, Path::new("/var/lib/belfry, really"));
}

#[test]
fn variables_of_others_are_passed_over() {
    let env = [
        ("BELFRY_CONFIG", "/etc/belfry.toml"),
        ("BELFRY_TOKEN", "secret"),
        ("BELFRY_TEST_SEED", "1"),
        ("BELFRY_PORT", "tcp://10.0.0.1:1026"),
        ("BELFRY_PORT_1026_TCP_ADDR", "10.0.0.1"),
        ("BELFRY_SERVICE_HOST", "10.0.0.1"),
        ("BELFRY_BIN", "target/release/belfry"),
        ("BELFRYX", "1"),
    ];
    assert_eq!(load("", &env, &[]), Ok(Config::default()));
}

#[test]
fn wrong_files_are_refused_with_place_and_suggestion() {
    let cases = [
        (
            "[server]\nlisen = \"127.0.0.1:1\"\n",
            "belfry.toml:2:1: unknown key \"server.lisen\"; did you mean \"server.listen\"?",
        ),
        ("[sever]\nlisten = 1\n", "belfry.toml:1:2: unknown key \"sever\"; did you mean \"server\"?"),
        (
            "[server]\nmax_batch = 7\n",
            "belfry.toml:2:1: unknown key \"server.max_batch\"; did you mean \"server.limits.max_batch\"?",
        ),
        ("zzz = 1", "belfry.toml:1:1: unknown key \"zzz\""),
        (
            "[server.limits]\n  max_batch = \"7\"\n",
            "belfry.toml:2:15: server.limits.max_batch must be a whole number, not a text (\"7\")",
        ),
        (
            "[server.limits]\nmax_batch = 7.5\n",
            "belfry.toml:2:13: server.limits.max_batch must be a whole number, not a decimal number (7.5)",
        ),
        ("history = 1\n", "belfry.toml:1:11: history must be a table, not a whole number (1)"),
        (
            "[history]\nenabled = \"yes\"",
            "belfry.toml:2:11: history.enabled must be true or false, not a text (\"yes\")",
        ),
        (
            "[history]\nretention = { keep_days = 1 }",
            "belfry.toml:2:13: history.retention must be a list of tables, not a table",
        ),
        (
            "[[history.retention]]\nkeep_day = 1\n",
            "belfry.toml:2:1: unknown key \"history.retention[0].keep_day\"; did you mean \"history.retention.keep_days\"?",
        ),
        (
            "[[history.retention]]\ntypes = [\"A\"]\n",
            "belfry.toml:1:1: history.retention[0]: missing field `keep_days`",
        ),
        (
            "[[history.retention]]\nkeep_days = 0\n",
            "belfry.toml:2:13: history.retention[0].keep_days must be from 1 to 36500, not 0",
        ),
        (
            "[[history.retention]]\nkeep_days = 1\nthen_every = \"1h\"\n",
            "belfry.toml:3:14: then_every must be an ISO 8601 duration such as \"PT1H\", not \"1h\"",
        ),
        (
            "[security]\nmode = \"token\"\n",
            "belfry.toml:2:8: security.mode must be \"open\" or \"tokens\", not \"token\"; did you mean \"tokens\"?",
        ),
        (
            "[store]\ndurability = { interval = 5 }",
            "belfry.toml:2:16: unknown key \"store.durability.interval\"; did you mean \"interval_ms\"?",
        ),
        (
            "[store]\ndurability = { interval_ms = 0 }",
            "belfry.toml:2:30: store.durability.interval_ms must be from 1 to 60000, not 0",
        ),
        (
            "[store]\ndurability = 5",
            "belfry.toml:2:14: store.durability must be \"sync\" or { interval_ms = … }, not a whole number (5)",
        ),
        ("[server]\nlisten = \"here\"", "belfry.toml:2:10: server.listen: invalid socket address syntax"),
        ("[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "belfry.toml:3:1: duplicate key"),
        (
            "[server.limits]\nmax_batch = -1\n",
            "belfry.toml:2:13: server.limits.max_batch: invalid value: integer `-1`, expected usize",
        ),
        (
            "[context]\nfetch_timeout_ms = 60000\n",
            "belfry.toml:2:20: context.fetch_timeout_ms (60000) must be less than server.limits.request_timeout_s (30 s): a request whose @context does not come is to be told so",
        ),
        (
            "[server.limits]\npage_max = 5000\nsorted_max = 4999\n",
            "belfry.toml:3:14: server.limits.sorted_max (4999) must not be less than page_max (5000): a page of an ordered answer lies within it",
        ),
        (
            "[server.limits]\npage_default = 50\npage_max = 40\n",
            "belfry.toml:2:16: server.limits.page_default (50) must not exceed page_max (40)",
        ),
        (
            "[[mqtt.brokers]]\nurl = \"tcp://h\"\nclient_id = \"a\"\ntopics = [\"#\"]\n",
            "belfry.toml:2:7: url must be like mqtt://host:port or mqtts://host:port, not \"tcp://h\"",
        ),
        (
            "[[mqtt.brokers]]\nurl = \"mqtt://h\"\nclient_id = \"a\"\ntopics = [\"ok/#\", \"a/#/b\"]\n",
            "belfry.toml:4:19: \"a/#/b\" is no topic filter: `+` stands for a whole level, `#` only at the end",
        ),
        (
            "[context]\nallow_hosts = [\"https://uri.etsi.org\"]\n",
            "belfry.toml:2:16: \"https://uri.etsi.org\" is no host name; write \"example.org\" or \"*.example.org\"",
        ),
        (
            "[server]\npublic_url = \"belfry.example\"\n",
            "belfry.toml:2:14: server.public_url must be like https://host.example or http://host:port, not \"belfry.example\"",
        ),
        (
            "[telemetry]\nendpoint = \"127.0.0.1:4318\"\n",
            "belfry.toml:2:12: telemetry.endpoint must be like http://host:4318 or https://host/path, without a user name, query or fragment",
        ),
        (
            "[telemetry]\nservice_name = \" \"\n",
            "belfry.toml:2:16: telemetry.service_name must be 1 to 255 characters on one line",
        ),
        (
            "[telemetry]\nincoming = \"trust\"\n",
            "belfry.toml:2:12: telemetry.incoming must be \"continue\" or \"link\" or \"ignore\", not \"trust\"",
        ),
        (
            "[telemetry]\nsample_per_million = 1000001\n",
            "belfry.toml:2:22: telemetry.sample_per_million must be from 0 to 1000000, not 1000001",
        ),
        (
            "[log]\nlevel = \"loud\"\n",
            "belfry.toml:2:9: log.level must be like \"info\" or \"info,belfry_http=debug\", not \"loud\"",
        ),
        (
            "[notify]\nretry_min_ms = 100\nretry_max_ms = 50\n",
            "belfry.toml:2:16: notify.retry_min_ms (100) must not exceed retry_max_ms (50)",
        ),
        (
            "[apps]\nmax_file_bytes = 2000000\nmax_files_bytes = 1100000\n",
            "belfry.toml:2:18: apps.max_file_bytes (2000000) must not exceed max_files_bytes (1100000)",
        ),
        (
            "[notify]\nmax_pending_bytes = 1048576\nmax_pending_bytes_per_subscription = 1048577\n",
            "belfry.toml:3:38: notify.max_pending_bytes_per_subscription (1048577) must not exceed max_pending_bytes (1048576)",
        ),
        (
            "[notify]\nmin_time_interval_ms = 1\nmax_period_entities = 0\nmax_mqtt_brokers = 1\n",
            "belfry.toml:2:24: notify.min_time_interval_ms must be from 10 to 3600000, not 1\nbelfry.toml:3:23: notify.max_period_entities must be from 1 to 1000000, not 0\nbelfry.toml:4:20: notify.max_mqtt_brokers must be from 2 to 10000, not 1",
        ),
        (
            "[mqtt]\nremember_senders_s = 1\nmax_remembered_senders = 1\n",
            "belfry.toml:2:22: mqtt.remember_senders_s must be from 60 to 2592000, not 1\nbelfry.toml:3:26: mqtt.max_remembered_senders must be from 16 to 1000000, not 1",
        ),
        (
            "[outbound]\npublic_authorities = false\n",
            "belfry.toml:2:22: outbound.public_authorities is false, so outbound.ca_files must name at least one file",
        ),
    ];
    for (file, expected) in cases {
        assert_eq!(load(file, &[], &[]), Err(expected.to_owned()), "{file}");
    }
}

#[test]
fn all_problems_of_a_file_are_told_in_its_order() {
    let error = load("[server]\nlisen = 1\n[log]\nformat = 3\n[stor]\n", &[], &[]).expect_err("three problems");
    let starts: Vec<_> = error.lines().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(starts, ["belfry.toml:2:1", "belfry.toml:4:10", "belfry.toml:5:2"]);
}

#[test]
fn wrong_variables_and_flags_are_refused_by_name() {
    let cases: [(Pairs, Pairs, &str); 9] = [
        (
            &[("BELFRY_SERVER_LISEN", "x")],
            &[],
            "environment variable BELFRY_SERVER_LISEN: this variable begins with BELFRY_ but is no key of the configuration; did you mean \"BELFRY_SERVER_LISTEN\"?",
        ),
        (
            &[("BELFRY_MAX_BATCH", "1")],
            &[],
            "environment variable BELFRY_MAX_BATCH: this variable begins with BELFRY_ but is no key of the configuration; did you mean \"BELFRY_SERVER_LIMITS_MAX_BATCH\"?",
        ),
        (
            &[("BELFRY_SERVER_LISTEN", "x")],
            &[],
            "environment variable BELFRY_SERVER_LISTEN: server.listen: invalid socket address syntax",
        ),
        (
            &[("BELFRY_SERVER_LIMITS_MAX_BATCH", "many")],
            &[],
            "environment variable BELFRY_SERVER_LIMITS_MAX_BATCH: server.limits.max_batch must be a whole number, not \"many\"",
        ),
        (
            &[("BELFRY_SERVER_LIMITS_MAX_BATCH", "0")],
            &[],
            "environment variable BELFRY_SERVER_LIMITS_MAX_BATCH: server.limits.max_batch must be from 1 to 100000, not 0",
        ),
        (
            &[],
            &[("server.lisen", "x")],
            "flag for server.lisen: unknown key \"server.lisen\"; did you mean \"server.listen\"?",
        ),
        (&[], &[("server", "x")], "flag for server: \"server\" is a section; name one of its keys"),
        (
            &[],
            &[("security.mode", "opne")],
            "flag for security.mode: security.mode must be \"open\" or \"tokens\", not \"opne\"; did you mean \"open\"?",
        ),
        (
            &[],
            &[("server.limits.max_batch", "1\nx = 2")],
            "flag for server.limits.max_batch: server.limits.max_batch must be a whole number, not \"1\\nx = 2\"",
        ),
    ];
    for (env, flags, expected) in cases {
        assert_eq!(load("", env, flags), Err(expected.to_owned()));
    }
}

#[test]
fn keys_that_bind_each_other_say_so() {
    let reference = crate::document::reference_markdown();
    for (key, other) in [
        ("server.limits.request_timeout_s", "context.fetch_timeout_ms"),
        ("context.fetch_timeout_ms", "server.limits.request_timeout_s"),
        ("notify.max_pending_bytes", "max_pending_bytes_per_subscription"),
        ("outbound.public_authorities", "ca_files"),
    ] {
        let row = reference.lines().find(|line| line.starts_with(&format!("| `{key}` "))).expect("a row");
        assert!(row.contains(&format!("`{other}`")), "{key} does not name {other}: {row}");
    }
}

#[test]
fn a_broker_with_tls_is_named() {
    let broker = r#"[{ url = "mqtts://broker.example.org", client_id = "town", topics = ["x/#"] }]"#;
    let config = load("", &[], &[("mqtt.brokers", broker), ("outbound.ca_files", "town-ca.pem")]).expect("valid");
    assert_eq!(config.outbound.ca_files, [Path::new("town-ca.pem")]);
}

#[test]
fn a_collector_is_named_by_a_plain_url() {
    for (url, fine) in [
        ("http://127.0.0.1:4318", true),
        ("https://collector.example.org", true),
        ("http://[::1]:4318/", true),
        ("https://collector.example.org/otlp/v1/traces", true),
        ("collector:4318", false),
        ("grpc://collector:4317", false),
        ("http://", false),
        ("http://:4318", false),
        ("http://host:", false),
        ("http://host:0", false),
        ("http://host:65536", false),
        ("http://host:43 18", false),
        ("http://[::1:4318", false),
        ("http://[::g]:4318", false),
        ("http://user:word@host:4318", false),
        ("http://host:4318/v1/traces?key=word", false),
        ("http://host:4318/#traces", false),
        ("http://hö.example:4318", false),
    ] {
        let loaded = load("", &[], &[("telemetry.endpoint", url)]);
        assert_eq!(loaded.is_ok(), fine, "{url:?}: {loaded:?}");
        if let Err(message) = loaded {
            assert!(!message.contains("word"), "a secret is shown: {message}");
        }
    }
}

#[test]
fn open_mode_is_for_loopback_only() {
    for (listen, mode, fine) in [
        ("127.0.0.1:1026", "open", true),
        ("127.8.9.10:1", "open", true),
        ("[::1]:1026", "open", true),
        ("[::ffff:127.0.0.1]:1026", "open", true),
        ("0.0.0.0:1026", "open", false),
        ("[::]:1026", "open", false),
        ("192.168.1.10:1026", "open", false),
        ("0.0.0.0:1026", "tokens", true),
    ] {
        let http = load("", &[], &[("server.listen", listen), ("security.mode", mode)]);
        assert_eq!(http.is_ok(), fine, "{listen} {mode}");
        let mqtt = [("mqtt.listener.listen", listen), ("security.mode", mode), ("server.listen", "127.0.0.1:9")];
        assert!(load("", &[], &mqtt).is_ok(), "a listener that is off opens no door");
        let mqtt = [mqtt.as_slice(), &[("mqtt.listener.enabled", "true")]].concat();
        assert_eq!(load("", &[], &mqtt).is_ok(), fine, "mqtt {listen} {mode}");
        if let Err(message) = http {
            assert!(message.starts_with("flag for server.listen: "), "{message}");
            assert!(message.contains("security.mode = \"tokens\"") && message.contains("belfry token"), "{message}");
        }
    }
}

#[test]
fn two_doors_on_one_port_are_refused() {
    let error = load("", &[], &[("mqtt.listener.enabled", "true"), ("mqtt.listener.listen", "127.0.0.1:1026")]);
    assert!(error.expect_err("one port").contains("give one of them another port"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/no/such/belfry.toml")), [], &[]).expect_err("no file");
    assert!(error.to_string().starts_with("/no/such/belfry.toml: this file cannot be read: "), "{error}");
    assert!(matches!(error.problems[0].place, Place::File { line: 0, .. }));
}

#[test]
fn a_file_is_loaded() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("belfry.toml");
    std::fs::write(&path, "[tenants]\nmax = 3\n").expect("written");
    assert_eq!(Config::load(Some(&path), [], &[]).expect("valid").tenants.max, 3);
}

proptest::proptest! {
    /// Whatever the file, the variables and the flags hold: an answer, never a panic.
    #[test]
    fn no_input_panics(file in "(\\[?\\[?(server|store|mqtt|x)(\\.limits|\\.brokers)?\\]?\\]?\n|[a-z_]{1,12} ?= ?[\"\\[{0-9a-zé.]{0,8}\n|.){0,6}", value in ".{0,20}") {
        let keys = crate::key_names();
        let env = keys.iter().map(|key| (crate::env_name(key), value.clone()));
        let _ = Config::parse(&file, Path::new("f"), env, &[(value.clone(), value.clone())]);
    }
}
