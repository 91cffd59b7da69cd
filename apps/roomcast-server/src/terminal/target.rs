//! Which server is meant, and how it is to be asked.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue};
use roomcast_client::{Builder, Dialer, Map, SocketConfig, Tls, TlsError, UrlError, Value};

/// Which server is meant, as the command line says it.
#[derive(Args, Clone, Debug, PartialEq)]
pub(crate) struct TargetOptions {
    /// The server: http://, https://, ws:// or wss://; its path is the namespace
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// The namespace; by default the path of the URL
    #[arg(long, short, value_name = "NAME")]
    pub(crate) namespace: Option<String>,

    /// The handshake's auth, a JSON object; @FILE reads it from a file
    #[arg(long, short, value_name = "JSON")]
    pub(crate) auth: Option<String>,

    /// A header for each request, as 'NAME: VALUE'; may be repeated
    #[arg(long, short = 'H', value_name = "HEADER", value_parser = header)]
    pub(crate) header: Vec<(String, String)>,

    /// A parameter for the query of each request, as NAME=VALUE; may be repeated
    #[arg(long, short, value_name = "PARAMETER", value_parser = parameter)]
    pub(crate) query: Vec<(String, String)>,

    /// The path at which the server listens
    #[arg(long, value_name = "PATH", default_value = "/socket.io")]
    pub(crate) path: String,

    /// Take any TLS certificate
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Trust the certificates of this file, in PEM, in place of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,

    /// How many seconds to wait for what has to come
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

/// Why the command line's server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Mistake {
    #[error("the URL {url:?} cannot be used: {cause}; write http://HOST:PORT or https://HOST")]
    Url { url: String, cause: UrlError },
    #[error("--header {name:?} cannot be sent")]
    Header { name: String },
    #[error("--auth is no JSON object, such as '{{\"token\":\"abc\"}}'{0}")]
    Auth(String),
    #[error("{}: {cause}", .file.display())]
    File { file: PathBuf, cause: io::Error },
    #[error("--cacert: {0}")]
    Certificates(TlsError),
    #[error("{0}")]
    Client(#[from] roomcast_client::ConfigError),
}

/// A server that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) dialer: Dialer,
    /// With a slash at its beginning and its end.
    pub(crate) path: String,
    pub(crate) namespace: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) auth: Option<Map>,
    pub(crate) timeout: Duration,
    tls: Tls,
    url: String,
}

impl Target {
    pub(crate) fn new(options: &TargetOptions) -> Result<Self, Mistake> {
        let tls = tls(options)?;
        let dialer = Dialer::new(&options.url, tls.clone()).map_err(|cause| Mistake::Url {
            url: options.url.clone(),
            cause,
        })?;
        let mut query = dialer.query().to_vec();
        query.retain(|(name, _)| !options.query.iter().any(|(own, _)| own == name));
        query.extend(options.query.iter().cloned());
        let namespace = options.namespace.as_deref();
        let namespace = namespace.unwrap_or_else(|| dialer.namespace());
        Ok(Self {
            path: match options.path.trim_matches('/') {
                "" => "/".to_owned(),
                path => format!("/{path}/"),
            },
            namespace: match namespace.starts_with('/') {
                true => namespace.to_owned(),
                false => format!("/{namespace}"),
            },
            query,
            headers: headers(&options.header)?,
            auth: options.auth.as_deref().map(auth).transpose()?,
            timeout: options.timeout,
            url: options.url.clone(),
            tls,
            dialer,
        })
    }

    /// A client for the server, and the options of its socket.
    pub(crate) fn client(&self) -> (Builder, SocketConfig) {
        let mut builder = roomcast_client::builder(&self.url)
            .path(&self.path)
            .tls(self.tls.clone())
            .timeout(self.timeout)
            .keep_cookies();
        if self.path == "/" {
            builder = builder.without_trailing_slash();
        }
        for (name, value) in &self.query {
            builder = builder.query(name, value);
        }
        for (name, value) in &self.headers {
            // They were made of text.
            builder = builder.header(name.as_str(), value.to_str().unwrap_or_default());
        }
        let mut socket = SocketConfig::default();
        if let Some(auth) = &self.auth {
            socket = socket.auth(Value::Object(auth.clone()));
        }
        (builder, socket)
    }
}

fn tls(options: &TargetOptions) -> Result<Tls, Mistake> {
    let mut tls = Tls::default();
    if let Some(file) = &options.cacert {
        let pem = fs::read(file).map_err(|cause| Mistake::File {
            file: file.clone(),
            cause,
        })?;
        tls = tls.with_roots(&pem).map_err(Mistake::Certificates)?;
    }
    if options.insecure {
        tls = tls.danger_without_verification();
    }
    Ok(tls)
}

fn auth(text: &str) -> Result<Map, Mistake> {
    let json = match text.strip_prefix('@') {
        None => text.to_owned(),
        Some(file) => fs::read_to_string(file).map_err(|cause| Mistake::File {
            file: file.into(),
            cause,
        })?,
    };
    match json.parse() {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Mistake::Auth(String::new())),
        Err(error) => Err(Mistake::Auth(format!(": {error}"))),
    }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, Mistake> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        match (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) if value.to_str().is_ok() => headers.append(name, value),
            _ => return Err(Mistake::Header { name: name.clone() }),
        };
    }
    Ok(headers)
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("there is no colon in it, as in 'NAME: VALUE'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("there is no equals sign in it, as in NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Seconds, also parts of one.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= MAX_TIMEOUT => Ok(duration),
        _ => Err(format!("it is not in 0..={}", MAX_TIMEOUT.as_secs())),
    }
}

/// A day: sums of a few such times are no concern anywhere.
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        target: TargetOptions,
    }

    fn target(args: &[&str]) -> Result<Target, Mistake> {
        let line = Line::try_parse_from([&["test"], args].concat()).expect("it is a command line");
        Target::new(&line.target)
    }

    #[test]
    fn the_path_of_the_url_is_the_namespace_unless_there_is_another() {
        let namespace = |args: &[&str]| target(args).unwrap().namespace;

        assert_eq!(namespace(&["http://h/chat"]), "/chat");
        assert_eq!(
            namespace(&["http://h/chat", "--namespace", "news"]),
            "/news"
        );
        assert_eq!(namespace(&["http://h"]), "/");
    }

    #[test]
    fn the_path_has_a_slash_at_both_ends() {
        let path = |path: &str| target(&["http://h", "--path", path]).unwrap().path;

        assert_eq!(path("ws"), "/ws/");
        assert_eq!(path("/a/b/"), "/a/b/");
        assert_eq!(path("/"), "/");
    }

    #[test]
    fn a_parameter_replaces_that_of_the_url() {
        let target = target(&["http://h?a=1&b=2", "--query", "a=3"]).unwrap();

        let expected = [("b", "2"), ("a", "3")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(target.query, expected);
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let mistake = |args: &[&str]| target(args).unwrap_err().to_string();

        assert_eq!(
            mistake(&["localhost:3000"]),
            "the URL \"localhost:3000\" cannot be used: it begins with none of http://, https://, \
             ws:// and wss://; write http://HOST:PORT or https://HOST"
        );
        assert_eq!(
            mistake(&["http://h", "--auth", "[1]"]),
            "--auth is no JSON object, such as '{\"token\":\"abc\"}'"
        );
        assert_eq!(
            mistake(&["http://h", "--header", "a b: c"]),
            "--header \"a b\" cannot be sent"
        );
    }
}
