//! The web page over HTTP: `/`, its assets, and `/live`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use roomcast_embed::Assets;

/// The built page; empty if there was none at build time.
pub(crate) static PAGE: Assets = Assets::new(include!(concat!(env!("OUT_DIR"), "/page.rs")));

/// The routes of the page, and `/live`.
pub(crate) fn router(assets: &Assets) -> Router {
    let files = assets
        .files()
        .iter()
        .filter_map(|(path, _)| File::of(assets, path));
    let files: Arc<[File]> = files.collect();
    Router::new()
        .route("/", get(index))
        .route("/assets/{*name}", get(asset))
        .fallback(|| async { not_found() })
        .layer(map_response(protect))
        .route("/live", get("Server is live"))
        .with_state(files)
}

type Files = State<Arc<[File]>>;

/// One file of the page with the headers that say how it may be kept.
struct File {
    path: &'static str,
    bytes: &'static [u8],
    content_type: &'static str,
    etag: HeaderValue,
    cache_control: &'static str,
}

impl File {
    fn of(assets: &Assets, path: &'static str) -> Option<Self> {
        let asset = assets.file(path)?;
        Some(Self {
            path,
            bytes: asset.bytes,
            content_type: asset.content_type,
            etag: etag(asset.bytes),
            cache_control: if has_hashed_name(path) {
                FOREVER
            } else {
                REVALIDATE
            },
        })
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let caching = [
            (ETAG, self.etag.clone()),
            (CACHE_CONTROL, HeaderValue::from_static(self.cache_control)),
        ];
        if is_known(request, &self.etag) {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        let content = [(CONTENT_TYPE, HeaderValue::from_static(self.content_type))];
        (caching, content, Body::from(self.bytes)).into_response()
    }
}

async fn index(State(files): Files, request: HeaderMap) -> Response {
    match find(&files, "index.html") {
        Some(file) => file.answer(&request),
        None => ([(CACHE_CONTROL, "no-store")], Html(MISSING)).into_response(),
    }
}

async fn asset(State(files): Files, Path(name): Path<String>, request: HeaderMap) -> Response {
    let file = find(&files, &format!("assets/{name}"));
    file.map_or_else(not_found, |file| file.answer(&request))
}

fn find<'f>(files: &'f [File], path: &str) -> Option<&'f File> {
    files.iter().find(|file| file.path == path)
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "Not found").into_response()
}

/// Says what the page may load and whom it may talk to: its own server alone.
async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A tag that changes with the content.
fn etag(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes")
}

/// Whether the browser says that it has the file with this tag.
fn is_known(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let lists = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag)
}

/// Whether Vite has put a hash of the content into the name: `index-CZar3EyD.js`.
///
/// A word such as `licences` is as long as a hash; what tells them apart is a digit or a capital.
/// A hash without either is kept for a shorter time than it could be, and that is all.
fn has_hashed_name(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let Some((stem, _)) = name.split_once('.') else {
        return false;
    };
    let Some((rest, hash)) = stem
        .len()
        .checked_sub(HASH_LEN)
        .and_then(|at| stem.split_at_checked(at))
    else {
        return false;
    };
    let is_hash_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    rest.ends_with('-')
        && hash.bytes().all(is_hash_byte)
        && hash
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

const HASH_LEN: usize = 8;
const FOREVER: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";

// Styles are written into the page while it runs, hence 'unsafe-inline'. Not every browser takes
// 'self' to mean WebSockets of the same host too.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self' ws: wss:";

/// What `/` answers if the page was not built.
const MISSING: &str = include_str!("missing.html");

#[cfg(test)]
mod tests;
