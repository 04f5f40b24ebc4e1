//! Malformed entities and fragments: each refused, with the beginning of what the client is told.

use belfry_kernel::Kind;
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::form::{Limits, Mode, Reader, read_attribute, read_entity, read_fragment};

fn refused_entities(rows: &[(&str, &str)]) {
    for (text, why) in rows {
        let error =
            read_entity(text.as_bytes(), Context::core(), &Limits::default()).expect_err(&format!("accepted: {text}"));
        assert!(error.public().starts_with(why), "{text}\n  says  {}\n  wants {why}", error.public());
        assert!(matches!(error.kind(), Kind::BadRequestData | Kind::InvalidRequest), "{text}");
    }
}

/// Each row is the text of one attribute, put into an entity as `a`.
fn refused_attributes(mode: Mode, rows: &[(&str, &str)]) {
    for (text, why) in rows {
        let body = format!(r#"{{"id":"urn:x:1","type":"T","a":{text}}}"#);
        let error = read_fragment(body.as_bytes(), Context::core(), &Limits::default(), mode)
            .expect_err(&format!("accepted: {text}"));
        assert!(error.public().starts_with(why), "{text}\n  says  {}\n  wants {why}", error.public());
        assert_eq!(error.kind(), Kind::BadRequestData, "{text}");
    }
}

#[test]
fn bodies_that_are_no_entity() {
    refused_entities(&[
        ("", "the body is not valid JSON"),
        ("{", "the body is not valid JSON"),
        ("{}", "the entity has no id"),
        ("{\"id\":\"urn:x:1\",}", "the body is not valid JSON"),
        ("[]", "an entity is an object, not an array"),
        ("null", "an entity is an object, not null"),
        ("3", "an entity is an object, not a number"),
        ("\"x\"", "an entity is an object, not a text"),
        ("true", "an entity is an object, not a boolean"),
        (r#"{"type":"T"}"#, "the entity has no id"),
        (r#"{"id":"urn:x:1"}"#, "the entity has no type"),
        (r#"{"id":1,"type":"T"}"#, "id: it is a URI, not a number"),
        (r#"{"id":null,"type":"T"}"#, "id: it is a URI, not null"),
        (r#"{"id":["urn:x:1"],"type":"T"}"#, "id: it is a URI, not an array"),
        (r#"{"id":"","type":"T"}"#, "id: '' is not a URI: it has no scheme"),
        (r#"{"id":"room1","type":"T"}"#, "id: 'room1' is not a URI: it has no scheme"),
        (r#"{"id":"urn:","type":"T"}"#, "id: 'urn:' is not a URI: nothing follows"),
        (r#"{"id":"urn:a b","type":"T"}"#, "id: 'urn:a b' is not a URI: it contains"),
        (r#"{"id":"urn:ngsi-ld:null","type":"T"}"#, "id: urn:ngsi-ld:null cannot stand here"),
        (r#"{"id":"urn:x:1","@id":"urn:x:2","type":"T"}"#, "id is given twice"),
        (r#"{"id":"urn:x:1","id":"urn:x:1","type":"T"}"#, "id is given twice"),
        (r#"{"id":"urn:x:1","type":"T","@type":"U"}"#, "type is given twice"),
        (r#"{"id":"urn:x:1","type":1}"#, "type: it is a text or an array of texts, not a number"),
        (r#"{"id":"urn:x:1","type":null}"#, "type: it is a text or an array of texts, not null"),
        (r#"{"id":"urn:x:1","type":{}}"#, "type: it is a text or an array of texts, not an object"),
        (r#"{"id":"urn:x:1","type":""}"#, "type: '' is not a name"),
        (r#"{"id":"urn:x:1","type":"a b"}"#, "type: 'a b' is not a name"),
        (r#"{"id":"urn:x:1","type":"a<b"}"#, "type: 'a<b' is not a name"),
        (r#"{"id":"urn:x:1","type":"@graph"}"#, "type: '@graph' is not a name"),
        (r#"{"id":"urn:x:1","type":[]}"#, "type: the array is empty"),
        (r#"{"id":"urn:x:1","type":["T",1]}"#, "type: each one is a text, not a number"),
        (r#"{"id":"urn:x:1","type":["T",""]}"#, "type: '' is not a name"),
        (r#"{"id":"urn:x:1","type":"T","scope":1}"#, "scope: it is a text or an array of texts, not a number"),
        (r#"{"id":"urn:x:1","type":"T","scope":null}"#, "scope: it is a text or an array of texts, not null"),
        (r#"{"id":"urn:x:1","type":"T","scope":[1]}"#, "scope: each one is a text, not a number"),
        (r#"{"id":"urn:x:1","type":"T","scope":""}"#, "scope: '' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"/"}"#, "scope: '/' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"/a//b"}"#, "scope: '/a//b' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"/a/"}"#, "scope: '/a/' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"/1a"}"#, "scope: '/1a' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"/a b"}"#, "scope: '/a b' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"/a/#"}"#, "scope: '/a/#' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","scope":"urn:ngsi-ld:null"}"#, "scope: 'urn:ngsi-ld:null' is not a scope"),
        (r#"{"id":"urn:x:1","type":"T","expiresAt":1}"#, "expiresAt: it is a date and time, not a number"),
        (
            r#"{"id":"urn:x:1","type":"T","expiresAt":"soon"}"#,
            "expiresAt: 'soon' is not a UTC date and time: it is not an ISO 8601",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","expiresAt":"2026-01-01T00:00:00"}"#,
            "expiresAt: '2026-01-01T00:00:00' is not a UTC date and time: it has no time zone",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","expiresAt":"2026-13-01T00:00:00Z"}"#,
            "expiresAt: '2026-13-01T00:00:00Z' is not a UTC date and time: a field",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","expiresAt":"urn:ngsi-ld:null"}"#,
            "expiresAt: urn:ngsi-ld:null cannot stand here",
        ),
        (r#"{"id":"urn:x:1","type":"T","":1}"#, "'' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a b":1}"#, "'a b' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a(b)":1}"#, "'a(b)' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a\u0000":1}"#, "'a\u{0}' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a<script>":1}"#, "'a<script>' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a=b":1}"#, "'a=b' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a;b":1}"#, "'a;b' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","a\"b":1}"#, "'a\"b' cannot name an attribute"),
        (r#"{"id":"urn:x:1","type":"T","@graph":1}"#, "'@graph' is a keyword of JSON-LD"),
        (r#"{"id":"urn:x:1","type":"T","@value":1}"#, "'@value' is a keyword of JSON-LD"),
        (r#"{"id":"urn:x:1","type":"T","observedAt":"2026-01-01T00:00:00Z"}"#, "'observedAt' describes an attribute"),
        (r#"{"id":"urn:x:1","type":"T","unitCode":"CEL"}"#, "'unitCode' describes an attribute"),
        (r#"{"id":"urn:x:1","type":"T","datasetId":"urn:x:2"}"#, "'datasetId' describes an attribute"),
        (r#"{"id":"urn:x:1","type":"T","instanceId":"urn:x:2"}"#, "'instanceId' describes an attribute"),
        (r#"{"id":"urn:x:1","type":"T","lang":"en"}"#, "'lang' describes an attribute"),
        (r#"{"id":"urn:x:1","type":"T","previousValue":1}"#, "'previousValue' describes an attribute"),
        (
            r#"{"id":"urn:x:1","type":"T","https://uri.etsi.org/ngsi-ld/observedAt":1}"#,
            "'https://uri.etsi.org/ngsi-ld/observedAt' describes",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","a":1,"a":2}"#,
            "attribute 'https://uri.etsi.org/ngsi-ld/default-context/a': it is given twice",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","a":1,"b":2,"https://uri.etsi.org/ngsi-ld/default-context/a":2}"#,
            "attribute 'https://uri.etsi.org/ngsi-ld/default-context/a': it is given twice",
        ),
    ]);
}

#[test]
fn attributes_that_are_not_whole() {
    refused_attributes(
        Mode::Full,
        &[
            ("null", "attribute 'a': value: null is no value"),
            (r#""urn:ngsi-ld:null""#, "attribute 'a': value: urn:ngsi-ld:null cannot stand here"),
            (r#"{"type":"Property"}"#, "attribute 'a': value: it is missing"),
            (r#"{"type":"Property","value":null}"#, "attribute 'a': value: null is no value"),
            (
                r#"{"type":"Property","value":"urn:ngsi-ld:null"}"#,
                "attribute 'a': value: urn:ngsi-ld:null cannot stand here",
            ),
            (
                r#"{"value":{"x":"urn:ngsi-ld:null"}}"#,
                "attribute 'a': value: urn:ngsi-ld:null cannot stand in it ('x')",
            ),
            (
                r#"{"value":[{"x":{"y":"urn:ngsi-ld:null"}}]}"#,
                "attribute 'a': value: urn:ngsi-ld:null cannot stand in it ('y')",
            ),
            (r#"{"x":"urn:ngsi-ld:null"}"#, "attribute 'a': value: urn:ngsi-ld:null cannot stand in it ('x')"),
            (r#"{"type":"Property","value":1,"value":2}"#, "attribute 'a': value: it is given twice"),
            (r#"{"type":"Property","object":"urn:x:2"}"#, "attribute 'a': object: a Property carries value instead"),
            (
                r#"{"type":"Property","value":1,"object":"urn:x:2"}"#,
                "attribute 'a': object: a Property carries value instead",
            ),
            (
                r#"{"type":"Property","value":1,"languageMap":{"en":"x"}}"#,
                "attribute 'a': languageMap: a Property carries value",
            ),
            (r#"{"type":"Property","value":1,"json":{}}"#, "attribute 'a': json: a Property carries value"),
            (r#"{"type":"Property","value":1,"vocab":"x"}"#, "attribute 'a': vocab: a Property carries value"),
            (r#"{"type":"Property","value":1,"valueList":[]}"#, "attribute 'a': valueList: a Property carries value"),
            (r#"{"type":"Property","value":1,"objectList":[]}"#, "attribute 'a': objectList: a Property carries value"),
            (r#"{"type":"Relationship","value":1}"#, "attribute 'a': value: a Relationship carries object"),
            (r#"{"type":"Nothing","value":1}"#, "attribute 'a': type: 'Nothing' is not a kind of attribute"),
            (r#"{"type":"property","value":1}"#, "attribute 'a': type: 'property' is not a kind of attribute"),
            (r#"{"type":"PostalAddress","street":"x"}"#, "attribute 'a': type: 'PostalAddress' is not a kind"),
            (r#"{"type":["Property"],"value":1}"#, "attribute 'a': type: it is a text, not an array"),
            (r#"{"type":null,"value":1}"#, "attribute 'a': type: it is a text, not null"),
            (r#"{"value":1,"object":"urn:x:2"}"#, "attribute 'a': object: a Property carries value"),
            (r#"{"observedAt":"2026-01-01T00:00:00Z"}"#, "attribute 'a': it has no value"),
            (r#"{"unitCode":"CEL"}"#, "attribute 'a': it has no value"),
            (r#"{"datasetId":"urn:x:2"}"#, "attribute 'a': it has no value"),
            (r#"{"value":1,"observedAt":1}"#, "attribute 'a': observedAt: it is a date and time, not a number"),
            (r#"{"value":1,"observedAt":null}"#, "attribute 'a': observedAt: it is a date and time, not null"),
            (
                r#"{"value":1,"observedAt":"yesterday"}"#,
                "attribute 'a': observedAt: 'yesterday' is not a UTC date and time",
            ),
            (
                r#"{"value":1,"observedAt":"2026-01-01"}"#,
                "attribute 'a': observedAt: '2026-01-01' is not a UTC date and time",
            ),
            (
                r#"{"value":1,"observedAt":"2026-02-30T00:00:00Z"}"#,
                "attribute 'a': observedAt: '2026-02-30T00:00:00Z' is not",
            ),
            (
                r#"{"value":1,"observedAt":"2026-01-01T00:00:00"}"#,
                "attribute 'a': observedAt: '2026-01-01T00:00:00' is not a UTC date and time: it has no time zone",
            ),
            (
                r#"{"value":1,"observedAt":"urn:ngsi-ld:null"}"#,
                "attribute 'a': observedAt: urn:ngsi-ld:null cannot stand here",
            ),
            (
                r#"{"value":1,"observedAt":{"type":"Property","value":1}}"#,
                "attribute 'a': observedAt: it is a date and time, not an object",
            ),
            (r#"{"value":1,"expiresAt":"x"}"#, "attribute 'a': expiresAt: 'x' is not a UTC date and time"),
            (r#"{"value":1,"unitCode":1}"#, "attribute 'a': unitCode: it is a text, not a number"),
            (r#"{"value":1,"unitCode":null}"#, "attribute 'a': unitCode: it is a text, not null"),
            (r#"{"value":1,"unitCode":""}"#, "attribute 'a': unitCode: it has 1 to 64 bytes"),
            (
                r#"{"value":1,"unitCode":"urn:ngsi-ld:null"}"#,
                "attribute 'a': unitCode: urn:ngsi-ld:null cannot stand here",
            ),
            (r#"{"object":"urn:x:2","unitCode":"CEL"}"#, "attribute 'a': unitCode: a Relationship has no unit"),
            (
                r#"{"languageMap":{"en":"x"},"unitCode":"CEL"}"#,
                "attribute 'a': unitCode: a LanguageProperty has no unit",
            ),
            (r#"{"vocab":"x","unitCode":"CEL"}"#, "attribute 'a': unitCode: a VocabProperty has no unit"),
            (r#"{"json":{},"unitCode":"CEL"}"#, "attribute 'a': unitCode: a JsonProperty has no unit"),
            (
                r#"{"objectList":["urn:x:2"],"unitCode":"CEL"}"#,
                "attribute 'a': unitCode: a ListRelationship has no unit",
            ),
            (r#"{"value":1,"datasetId":1}"#, "attribute 'a': datasetId: it is a URI, not a number"),
            (r#"{"value":1,"datasetId":"x"}"#, "attribute 'a': datasetId: 'x' is not a URI"),
            (r#"{"value":1,"datasetId":"urn:ngsi-ld:null"}"#, "attribute 'a': datasetId: it cannot be deleted"),
            (r#"{"value":1,"valueType":1}"#, "attribute 'a': valueType: it is a text, not a number"),
            (r#"{"value":1,"objectType":"T"}"#, "attribute 'a': objectType: only relationships have it"),
            (r#"{"object":"urn:x:2","objectType":1}"#, "attribute 'a': objectType: it is a text or an array of texts"),
            (r#"{"object":"urn:x:2","objectType":[]}"#, "attribute 'a': objectType: the array is empty"),
            (r#"{"value":1,"lang":"en"}"#, "attribute 'a': lang: only the platform writes it"),
            (r#"{"value":1,"previousValue":2}"#, "attribute 'a': previousValue: only the platform writes it"),
            (r#"{"object":"urn:x:2","previousObject":"urn:x:3"}"#, "attribute 'a': previousObject: only the platform"),
            (r#"{"object":"urn:x:2","entity":{}}"#, "attribute 'a': entity: only the platform writes it"),
            (r#"{"objectList":["urn:x:2"],"entityList":[]}"#, "attribute 'a': entityList: only the platform writes it"),
            (
                r#"{"value":1,"entityIdSealed":"urn:x:2"}"#,
                "attribute 'a': entityIdSealed: it can stand in ngsildproof only",
            ),
            (r#"{"value":1,"@context":"https://example.org/c"}"#, "attribute 'a': @context: it can stand at the top"),
            (r#"{"value":1,"@graph":1}"#, "attribute 'a': '@graph' is a keyword of JSON-LD"),
            (r#"{"value":1,"b c":1}"#, "attribute 'a': 'b c' cannot name an attribute"),
            (
                r#"{"value":1,"https://uri.etsi.org/ngsi-ld/hasValue":2}"#,
                "attribute 'a': 'https://uri.etsi.org/ngsi-ld/hasValue' describes",
            ),
            (
                r#"{"value":1,"https://uri.etsi.org/ngsi-ld/unitCode":2}"#,
                "attribute 'a': 'https://uri.etsi.org/ngsi-ld/unitCode' describes",
            ),
            (r#"{"value":1,"b":null}"#, "attribute 'a.b': null cannot stand here"),
            (r#"{"value":1,"b":"urn:ngsi-ld:null"}"#, "attribute 'a.b': value: urn:ngsi-ld:null cannot stand here"),
            (r#"{"value":1,"b":{"type":"Property"}}"#, "attribute 'a.b': value: it is missing"),
            (
                r#"{"value":1,"b":{"value":1,"observedAt":"x"}}"#,
                "attribute 'a.b': observedAt: 'x' is not a UTC date and time",
            ),
            (r#"{"value":1,"b":{"value":1,"c":{"object":"x"}}}"#, "attribute 'a.b.c': object: 'x' is not a URI"),
            (r#"{"value":1,"b":1,"c":1,"b":2}"#, "attribute 'a.b': it is given twice"),
        ],
    );
}

#[test]
fn values_of_the_wrong_shape() {
    refused_attributes(
        Mode::Full,
        &[
            (r#"{"type":"Relationship","object":null}"#, "attribute 'a': object: null is no value"),
            (
                r#"{"type":"Relationship","object":1}"#,
                "attribute 'a': object: it is a URI or an array of URIs, not a number",
            ),
            (
                r#"{"type":"Relationship","object":{"id":"urn:x:2"}}"#,
                "attribute 'a': object: it is a URI or an array of URIs, not an object",
            ),
            (r#"{"type":"Relationship","object":""}"#, "attribute 'a': object: '' is not a URI"),
            (r#"{"type":"Relationship","object":"x"}"#, "attribute 'a': object: 'x' is not a URI"),
            (r#"{"type":"Relationship","object":[]}"#, "attribute 'a': object: the array is empty"),
            (r#"{"type":"Relationship","object":["urn:x:2",3]}"#, "attribute 'a': object: it is a URI, not a number"),
            (
                r#"{"type":"Relationship","object":["urn:x:2","urn:ngsi-ld:null"]}"#,
                "attribute 'a': object: urn:ngsi-ld:null cannot stand here",
            ),
            (
                r#"{"type":"Relationship","object":"urn:ngsi-ld:null"}"#,
                "attribute 'a': object: urn:ngsi-ld:null cannot stand here",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":"x"}"#,
                "attribute 'a': languageMap: it is an object, not a text",
            ),
            (r#"{"type":"LanguageProperty","languageMap":{}}"#, "attribute 'a': languageMap: it is empty"),
            (
                r#"{"type":"LanguageProperty","languageMap":{"":"x"}}"#,
                "attribute 'a': languageMap: '' is not a language tag",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"e n":"x"}}"#,
                "attribute 'a': languageMap: 'e n' is not a language tag",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"en":1}}"#,
                "attribute 'a': languageMap: 'en' has neither a text nor",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"en":null}}"#,
                "attribute 'a': languageMap: 'en' has neither a text nor",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"en":["x",1]}}"#,
                "attribute 'a': languageMap: 'en' has neither a text nor",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"en":"x","en":"y"}}"#,
                "attribute 'a': languageMap: 'en' is given twice",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"@none":"urn:ngsi-ld:null"}}"#,
                "attribute 'a': languageMap: urn:ngsi-ld:null cannot stand here",
            ),
            (
                r#"{"type":"LanguageProperty","languageMap":{"en":"urn:ngsi-ld:null","de":"x"}}"#,
                "attribute 'a': languageMap: urn:ngsi-ld:null cannot stand in it ('en')",
            ),
            (
                r#"{"type":"LanguageProperty","value":"x"}"#,
                "attribute 'a': value: a LanguageProperty carries languageMap",
            ),
            (
                r#"{"type":"VocabProperty","vocab":1}"#,
                "attribute 'a': vocab: it is a text or an array of texts, not a number",
            ),
            (r#"{"type":"VocabProperty","vocab":null}"#, "attribute 'a': vocab: null is no value"),
            (r#"{"type":"VocabProperty","vocab":""}"#, "attribute 'a': vocab: '' is not a term"),
            (r#"{"type":"VocabProperty","vocab":"@id"}"#, "attribute 'a': vocab: '@id' is not a term"),
            (r#"{"type":"VocabProperty","vocab":[]}"#, "attribute 'a': vocab: the array is empty"),
            (r#"{"type":"VocabProperty","vocab":["x",1]}"#, "attribute 'a': vocab: each one is a text, not a number"),
            (
                r#"{"type":"VocabProperty","vocab":"urn:ngsi-ld:null"}"#,
                "attribute 'a': vocab: urn:ngsi-ld:null cannot stand here",
            ),
            (r#"{"type":"JsonProperty","json":null}"#, "attribute 'a': json: null is no value"),
            (
                r#"{"type":"JsonProperty","json":"urn:ngsi-ld:null"}"#,
                "attribute 'a': json: urn:ngsi-ld:null cannot stand here",
            ),
            (r#"{"type":"JsonProperty","value":{}}"#, "attribute 'a': value: a JsonProperty carries json"),
            (r#"{"type":"ListProperty","valueList":1}"#, "attribute 'a': valueList: it is an array, not a number"),
            (r#"{"type":"ListProperty","valueList":[null]}"#, "attribute 'a': valueList: null is no value"),
            (
                r#"{"type":"ListProperty","valueList":["urn:ngsi-ld:null"]}"#,
                "attribute 'a': valueList: urn:ngsi-ld:null cannot stand here",
            ),
            (r#"{"type":"ListProperty","value":[]}"#, "attribute 'a': value: a ListProperty carries valueList"),
            (
                r#"{"type":"ListRelationship","objectList":"urn:x:2"}"#,
                "attribute 'a': objectList: it is an array, not a text",
            ),
            (r#"{"type":"ListRelationship","objectList":["x"]}"#, "attribute 'a': objectList: 'x' is not a URI"),
            (r#"{"type":"ListRelationship","objectList":[1]}"#, "attribute 'a': objectList: it is a URI, not a number"),
            (
                r#"{"type":"ListRelationship","objectList":[{"id":"urn:x:2"}]}"#,
                "attribute 'a': objectList: each one is a URI or an object",
            ),
            (
                r#"{"type":"ListRelationship","objectList":[{"object":"urn:x:2","x":1}]}"#,
                "attribute 'a': objectList: each one is a URI or an object",
            ),
            (
                r#"{"type":"ListRelationship","objectList":[{"object":"urn:ngsi-ld:null"}]}"#,
                "attribute 'a': objectList: urn:ngsi-ld:null cannot stand here",
            ),
            (
                r#"{"type":"ListRelationship","object":"urn:x:2"}"#,
                "attribute 'a': object: a ListRelationship carries objectList",
            ),
            (r#"{"type":"GeoProperty","value":1}"#, "attribute 'a': value: "),
            (r#"{"type":"GeoProperty","value":null}"#, "attribute 'a': value: null is no value"),
            (r#"{"type":"GeoProperty","value":{}}"#, "attribute 'a': value: the GeoJSON geometry has no member type"),
            (
                r#"{"type":"GeoProperty","value":{"type":"Point"}}"#,
                "attribute 'a': value: the GeoJSON geometry has no member coordinates",
            ),
            (r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[]}}"#, "attribute 'a': value: "),
            (r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[181,0]}}"#, "attribute 'a': value: "),
            (r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":["1","2"]}}"#, "attribute 'a': value: "),
            (r#"{"type":"GeoProperty","value":{"type":"Circle","coordinates":[1,2]}}"#, "attribute 'a': value: "),
            (
                r#"{"type":"GeoProperty","value":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}}"#,
                "attribute 'a': value: ",
            ),
            (r#"{"type":"GeometryCollection","coordinates":[]}"#, "attribute 'a': value: "),
            (r#"{"type":"Point","coordinates":[0,91]}"#, "attribute 'a': value: "),
        ],
    );
}

#[test]
fn several_instances() {
    refused_attributes(
        Mode::Full,
        &[
            (r#"[{"value":1},{"value":2}]"#, "attribute 'a': it has two instances without datasetId"),
            (
                r#"[{"value":1},{"value":2,"datasetId":"@none"}]"#,
                "attribute 'a': it has two instances without datasetId",
            ),
            (
                r#"[{"value":1,"datasetId":"urn:d:1"},{"value":2,"datasetId":"urn:d:1"}]"#,
                "attribute 'a': datasetId: 'urn:d:1' is given twice",
            ),
            (r#"[{"value":1},2]"#, "attribute 'a': its array mixes attribute instances with something else"),
            (r#"[{"value":1},{"x":2}]"#, "attribute 'a': its array mixes attribute instances with something else"),
            (r#"[{"value":1},{"type":"Property","datasetId":"urn:d:1"}]"#, "attribute 'a': value: it is missing"),
            (r#"{"dataset":{"x":1}}"#, "attribute 'a': datasetId: 'x' is not a URI"),
        ],
    );
}

#[test]
fn nulls_where_a_mode_has_none() {
    for mode in [Mode::Full, Mode::Update] {
        refused_attributes(
            mode,
            &[
                (r#"{"value":1,"b":{"value":"urn:ngsi-ld:null"}}"#, "attribute 'a.b'"),
                (r#"{"value":1,"unitCode":"urn:ngsi-ld:null"}"#, "attribute 'a': unitCode: urn:ngsi-ld:null"),
                (r#"{"value":{"x":"urn:ngsi-ld:null"}}"#, "attribute 'a': value: urn:ngsi-ld:null cannot stand in it"),
                (r#"{"type":"Property"}"#, "attribute 'a': value: it is missing"),
            ],
        );
    }
    for mode in [Mode::Update, Mode::Partial, Mode::Merge] {
        refused_attributes(
            mode,
            &[
                ("null", "attribute 'a': value: null is no value (urn:ngsi-ld:null deletes)"),
                (r#"{"value":null}"#, "attribute 'a': value: null is no value"),
                (r#"{"value":1,"b":null}"#, "attribute 'a.b': null cannot stand here"),
                (r#"{"value":1,"datasetId":"urn:ngsi-ld:null"}"#, "attribute 'a': datasetId: it cannot be deleted"),
            ],
        );
    }
    refused_attributes(
        Mode::Partial,
        &[(r#"{"value":{"x":"urn:ngsi-ld:null"}}"#, "attribute 'a': value: urn:ngsi-ld:null cannot stand in it")],
    );
}

#[test]
fn one_attribute() {
    let limits = Limits::default();
    for (term, text, why) in [
        ("scope", r#"{"value":1}"#, "'scope' describes an attribute"),
        ("a b", r#"{"value":1}"#, "'a b' cannot name an attribute"),
        ("", r#"{"value":1}"#, "'' cannot name an attribute"),
        ("licensePlate", r#"{"value":1}"#, "the term 'licensePlate' is refused"),
        ("a", "", "the body is not valid JSON"),
        ("a", r#"[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#, "attribute 'a': only one instance"),
        ("a", r#"{"value":1,"observedAt":"x"}"#, "attribute 'a': observedAt: 'x'"),
    ] {
        let error = read_attribute(text.as_bytes(), term, Context::core(), &limits, Mode::Partial).expect_err(text);
        assert!(error.public().starts_with(why), "{term} {text}: {}", error.public());
    }
}

#[test]
fn denied_terms_say_which_and_why() {
    refused_entities(&[
        (
            r#"{"id":"urn:x:1","type":"T","licensePlate":"X"}"#,
            "the term 'licensePlate' is refused: the platform holds no number plates",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","vehiclePlateIdentifier":{"value":"X"}}"#,
            "the term 'vehiclePlateIdentifier' is refused",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","a":{"value":1,"face_embedding":[1]}}"#,
            "attribute 'a': the term 'face_embedding' is refused: the platform holds no faces",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","a":{"owner":{"passport-number":"X"}}}"#,
            "attribute 'a': value: the term 'passport-number' is refused: the platform holds no key",
        ),
        (
            r#"{"id":"urn:x:1","type":"T","a":{"json":[{"Ethnicity":"X"}]}}"#,
            "attribute 'a': json: the term 'Ethnicity' is refused",
        ),
        (r#"{"id":"urn:x:1","type":"WatchList"}"#, "type: the term 'WatchList' is refused: the platform keeps no list"),
        (
            r#"{"id":"urn:x:1","type":"T","https://example.org/x#gait":1}"#,
            "the term 'https://example.org/x#gait' is refused",
        ),
    ]);
}

#[test]
fn limits_hold() {
    let small = Limits {
        json_depth: 8,
        attributes: 3,
        instances: 2,
        levels: 2,
        sub_attributes: 2,
        value_bytes: 100,
        types: 2,
        languages: 2,
        scopes: 2,
        targets: 2,
        batch: 2,
        ..Limits::default()
    };
    let x200 = "x".repeat(200);
    for (text, why) in [
        (r#""a":1,"b":1,"c":1,"d":1"#.to_owned(), "the entity has more than 3 attribute instances"),
        (
            r#""a":[{"value":1},{"value":1,"datasetId":"urn:d:1"},{"value":1,"datasetId":"urn:d:2"}]"#.to_owned(),
            "attribute 'a': it has more than 2 instances",
        ),
        (
            r#""a":{"value":1,"b":{"value":1,"c":1}}"#.to_owned(),
            "attribute 'a.b.c': attributes are nested deeper than 2",
        ),
        (r#""a":{"value":1,"b":1,"c":1,"d":1}"#.to_owned(), "attribute 'a': it has more than 2 sub-attributes"),
        (format!(r#""a":"{x200}""#), "attribute 'a': value: it is larger than 100 bytes"),
        (
            format!(r#""a":{{"languageMap":{{"en":"{x200}"}}}}"#),
            "attribute 'a': languageMap: it is larger than 100 bytes",
        ),
        (r#""a":{"object":["urn:x:1","urn:x:2","urn:x:3"]}"#.to_owned(), "attribute 'a': object: more than 2"),
        (r#""a":{"objectList":["urn:x:1","urn:x:2","urn:x:3"]}"#.to_owned(), "attribute 'a': objectList: more than 2"),
        (r#""a":{"vocab":["x","y","z"]}"#.to_owned(), "attribute 'a': vocab: more than 2"),
        (r#""a":{"languageMap":{"en":"x","de":"y","fr":"z"}}"#.to_owned(), "attribute 'a': languageMap: more than 2"),
        (r#""scope":["/a","/b","/c"]"#.to_owned(), "the entity has more than 2 scopes"),
        (r#""a":[[[[[[[[[[1]]]]]]]]]]"#.to_owned(), "the body is not valid JSON"),
    ] {
        let body = format!(r#"{{"id":"urn:x:1","type":"T",{text}}}"#);
        let error = read_entity(body.as_bytes(), Context::core(), &small).expect_err(&body);
        assert!(error.public().starts_with(why), "{body}\n  says {}", error.public());
    }
    let many =
        read_entity(br#"{"id":"urn:x:1","type":["A","B","C"]}"#, Context::core(), &small).expect_err("three types");
    assert_eq!(many.public(), "type: more than 2 of them");
}

#[test]
fn batches() {
    use belfry_ngsi_ld::Json;
    use belfry_ngsi_ld::form::read::{read_batch, read_ids};
    let limits = Limits::default();
    let parse = |text: &str| Json::parse(text.as_bytes(), 16).expect("JSON");
    for (text, why) in [
        ("[]", "the batch is empty"),
        ("{}", "a batch is an array of entities, not an object"),
        ("[null]", "the batch holds a null"),
        (r#"[1,2,3,4]"#, "a batch holds at most 3 entities"),
    ] {
        let error =
            read_batch(parse(text), 3, |_| Ok(Reader::new(Context::core(), &limits, Mode::Full))).expect_err(text);
        assert_eq!(error.public(), why);
    }
    let items = parse(r#"[{"id":"urn:x:1","type":"T","a":1},{"id":"urn:x:2","a":null},{"type":"T"},7]"#);
    let read = read_batch(items, 10, |_| Ok(Reader::new(Context::core(), &limits, Mode::Full))).expect("a batch");
    assert!(read[0].is_ok());
    let faults: Vec<_> = read[1..].iter().map(|r| r.as_ref().expect_err("a fault")).collect();
    assert_eq!(faults[0].id.as_ref().map(|id| id.as_str()), Some("urn:x:2"));
    assert!(faults[0].error.public().starts_with("attribute 'a': value: null is no value"));
    assert_eq!((faults[1].id.as_ref(), faults[1].error.public()), (None, "the entity has no id"));
    assert_eq!(faults[2].error.public(), "an entity is an object, not a number");
    let ids = read_ids(parse(r#"["urn:x:1","x"]"#), 10).expect("ids");
    assert!(ids[0].is_ok() && ids[1].is_err());
}
