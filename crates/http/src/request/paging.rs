//! Pages of an answer: limit, offset, count, and the links to the pages around (ETSI GS CIM 009 clauses 5.5.9, 6.3.10,
//! 6.3.13). Holds no entities.

use super::Exchange;
use super::media::Media;
use crate::problem;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use belfry_ports::{Page, Paged};
use http::{HeaderName, header};

/// The header with the number of all results.
pub const RESULTS_COUNT: HeaderName = HeaderName::from_static("ngsild-results-count");

impl Exchange {
    /// The page that the query string asks for.
    ///
    /// # Errors
    /// `BadRequestData` for a limit of 0 without count; `TooManyResults` for one beyond the server's.
    pub fn page(&self) -> Result<Page, Error> {
        let limits = &self.app.limits;
        let count = self.parameters.is_true("count");
        let limit = self.parameters.number("limit").unwrap_or(limits.page_default);
        if limit > limits.page_max {
            return Err(Error::new(Kind::TooManyResults, format!("limit: at most {}", limits.page_max)));
        }
        if limit == 0 && !count {
            return Err(Error::bad_data("limit: 0 makes sense only with count=true"));
        }
        let offset = self.parameters.number("offset").unwrap_or(0);
        Ok(Page { offset, limit, bytes: limits.page_max_bytes, count })
    }

    /// Adds the count and the links to the next and the previous page. A page may have ended early (clause 5.5.9.1): the
    /// next one begins after what was given.
    pub fn put_paging(&self, page: Page, found: &Paged, media: Media, response: &mut Response) {
        if let Some(count) = found.count {
            response.headers_mut().insert(RESULTS_COUNT, count.into());
        }
        if found.more && page.limit > 0 {
            self.put_page_link(page.offset.saturating_add(found.given), page.limit, "next", media, response);
        }
        if page.offset > 0 && page.limit > 0 {
            self.put_page_link(page.offset.saturating_sub(page.limit), page.limit, "prev", media, response);
        }
    }

    fn put_page_link(&self, offset: usize, limit: usize, relation: &str, media: Media, response: &mut Response) {
        let uri = &self.head.uri;
        let mut target = format!("{}?", uri.path());
        for part in uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let name = part.split('=').next().unwrap_or_default();
            if !matches!(name, "offset" | "limit") {
                target.push_str(part);
                target.push('&');
            }
        }
        let media = media.as_str();
        let link = format!("<{target}limit={limit}&offset={offset}>; rel=\"{relation}\"; type=\"{media}\"");
        problem::put(response, header::LINK, &link);
    }
}
