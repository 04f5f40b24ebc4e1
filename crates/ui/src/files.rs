//! Where the bytes come from: `web/dist` embedded at compile time, or one plain page. Knows nothing of HTTP but the tag.

use bytes::Bytes;

/// One file with the strong entity tag of exactly these bytes, quotes included.
pub(crate) struct File {
    pub(crate) content: Bytes,
    pub(crate) tag: String,
}

#[cfg(feature = "embed")]
mod dist {
    use std::borrow::Cow;
    use std::fmt::Write as _;

    use bytes::Bytes;
    use rust_embed::RustEmbed;

    use super::File;

    #[derive(RustEmbed)]
    #[folder = "../../web/dist"]
    struct Dist;

    /// The embedded file of this name, relative to `web/dist`.
    pub(crate) fn find(name: &str) -> Option<File> {
        let file = Dist::get(name)?;
        let mut tag = String::from("\"");
        for byte in &file.metadata.sha256_hash()[..12] {
            write!(tag, "{byte:02x}").expect("writing into a string cannot fail");
        }
        tag.push('"');
        let content = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Some(File { content, tag })
    }
}

#[cfg(not(feature = "embed"))]
mod dist {
    use bytes::Bytes;

    use super::File;

    const PAGE: &str = concat!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Belfry</title></head>\n<body>\n",
        "<h1>Belfry is running</h1>\n",
        "<p>Its page was not built into this binary. With Node 20 or newer, in the source tree:</p>\n",
        "<pre>cd web &amp;&amp; npm ci &amp;&amp; npm run build &amp;&amp; cd ..\n",
        "cargo build --release -p belfry --features embed-ui</pre>\n",
        "<p>The API is here all the same: <a href=\"/ngsi-ld/v1/entities?local=true\">entities</a>, ",
        "<a href=\"/ngsi-ld/v1/types\">types</a>, <a href=\"/health\">health</a>.</p>\n</body>\n</html>\n",
    );

    /// The plain page under the page's name; no other file exists.
    pub(crate) fn find(name: &str) -> Option<File> {
        (name == "index.html").then(|| File {
            content: Bytes::from_static(PAGE.as_bytes()),
            tag: concat!("\"plain-", env!("CARGO_PKG_VERSION"), "\"").to_owned(),
        })
    }
}

pub(crate) use dist::find;
