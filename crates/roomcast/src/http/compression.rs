//! Compression of HTTP answers: choosing an encoding with the client, and applying it.

use std::io::{self, Write as _};

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use http::HeaderValue;

/// Compression of polling answers; the client asks for it by `Accept-Encoding`.
///
/// On from 1024 bytes by default. WebSocket messages have an option of their own,
/// [`per_message_deflate`](crate::engine::Builder::per_message_deflate).
///
/// # Example
///
/// ```
/// use roomcast::{Encoding, HttpCompression};
///
/// let compression = HttpCompression::default().threshold(4096).encodings([Encoding::Gzip]);
/// assert!(!compression.is_off());
/// assert!(HttpCompression::off().is_off());
/// ```
///
/// Spec: features 1.23.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct HttpCompression {
    threshold_bytes: usize,
    encodings: Vec<Encoding>,
}

/// A content encoding.
///
/// # Example
///
/// ```
/// use roomcast::Encoding;
///
/// assert_eq!([Encoding::Gzip, Encoding::Deflate, Encoding::Br].map(Encoding::as_str), [
///     "gzip", "deflate", "br"
/// ]);
/// ```
///
/// Spec: RFC 9110, section 8.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950: deflated data in the zlib format.
    Deflate,
    /// RFC 7932, Brotli.
    Br,
}

/// How hard to try: what is sent once is compressed fast, what is kept is compressed well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Once,
    Kept,
}

impl HttpCompression {
    /// Turns compression off.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{HttpCompression, Server};
    ///
    /// let io = Server::builder().http_compression(HttpCompression::off()).build();
    /// ```
    pub fn off() -> Self {
        Self {
            threshold_bytes: usize::MAX,
            encodings: Vec::new(),
        }
    }

    /// Sets the length in bytes from which an answer is compressed. Default: 1024.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::HttpCompression;
    ///
    /// let compression = HttpCompression::default().threshold(4096);
    /// ```
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold_bytes = bytes;
        self
    }

    /// Sets the encodings to offer, the preferred one first. Default: gzip, deflate, br.
    ///
    /// The client's own preference comes first: by its q-values, then by its order.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Encoding, HttpCompression};
    ///
    /// let compression = HttpCompression::default().encodings([Encoding::Br, Encoding::Gzip]);
    /// ```
    pub fn encodings(mut self, encodings: impl IntoIterator<Item = Encoding>) -> Self {
        self.encodings = encodings.into_iter().collect();
        self
    }

    /// Tells whether nothing is ever compressed. Example: [`HttpCompression`].
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.encodings.is_empty()
    }

    /// The encoding for an answer of this length, `None` for plain.
    pub(crate) fn encoding_for(
        &self,
        accept_encoding: Option<&str>,
        len: usize,
    ) -> Option<Encoding> {
        if len < self.threshold_bytes {
            return None;
        }
        negotiate(accept_encoding, &self.encodings)
    }
}

/// From 1024 bytes, with gzip, deflate and br.
impl Default for HttpCompression {
    fn default() -> Self {
        Self {
            threshold_bytes: 1024,
            encodings: vec![Encoding::Gzip, Encoding::Deflate, Encoding::Br],
        }
    }
}

impl Encoding {
    /// Returns the name in `Accept-Encoding` and `Content-Encoding`. Example: [`Encoding`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
        }
    }

    pub(crate) fn header_value(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }
}

/// Chooses among `offered` what the client prefers: highest q-value, then named before `*`, then
/// the client's order, then ours. `None` is the plain form, which is never refused.
///
/// COMPAT: the official server (npm `negotiator` 0.6) takes `deflate, gzip` as a wish for deflate
/// and prefers any offered encoding with a q-value above 0 to `identity`.
pub(crate) fn negotiate(accept_encoding: Option<&str>, offered: &[Encoding]) -> Option<Encoding> {
    let accepted = accept_encoding?;
    let mut best: Option<(Match, Encoding)> = None;
    for &encoding in offered {
        let Some(found) = best_match(accepted, encoding) else {
            continue;
        };
        if found.quality > 0.0 && best.is_none_or(|(known, _)| found.is_wanted_before(known)) {
            best = Some((found, encoding));
        }
    }
    best.map(|(_, encoding)| encoding)
}

/// Compresses what is sent once.
pub(crate) fn compress(encoding: Encoding, data: &[u8]) -> Bytes {
    compress_with(encoding, Effort::Once, data)
}

/// Compresses `data`; the result is not shorter in each case.
pub(crate) fn compress_with(encoding: Encoding, effort: Effort, data: &[u8]) -> Bytes {
    let level = match effort {
        Effort::Once => Compression::default(),
        Effort::Kept => Compression::best(),
    };
    let buf = Vec::with_capacity(data.len() / 4 + 64);
    let compressed: io::Result<Vec<u8>> = match encoding {
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(buf, level);
            encoder.write_all(data).and_then(|()| encoder.finish())
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(buf, level);
            encoder.write_all(data).and_then(|()| encoder.finish())
        }
        Encoding::Br => brotli(buf, effort, data),
    };
    compressed
        .expect("writing into memory does not fail")
        .into()
}

fn brotli(mut buf: Vec<u8>, effort: Effort, mut data: &[u8]) -> io::Result<Vec<u8>> {
    // The window need not be larger than the data: the encoder's memory grows with it.
    let window_bits = (data.len() + 16).next_power_of_two().ilog2().clamp(10, 22);
    let params = BrotliEncoderParams {
        // Cost: 11 makes socket.io.js 9 % shorter than 9 does, in 170 ms instead of 26 ms.
        quality: match effort {
            Effort::Once => 4,
            Effort::Kept => 9,
        },
        lgwin: window_bits as i32,
        size_hint: data.len(),
        ..BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut data, &mut buf, &params)?;
    Ok(buf)
}

/// How one item of `Accept-Encoding` speaks of an encoding.
#[derive(Clone, Copy, Debug)]
struct Match {
    is_named: bool,
    quality: f32,
    position: usize,
}

impl Match {
    fn is_wanted_before(self, other: Self) -> bool {
        let by_quality = self.quality.total_cmp(&other.quality);
        let by_name = self.is_named.cmp(&other.is_named);
        let by_position = other.position.cmp(&self.position);
        by_quality.then(by_name).then(by_position).is_gt()
    }
}

/// The item that decides about an encoding: its name before `*`, then the higher q-value.
fn best_match(accepted: &str, encoding: Encoding) -> Option<Match> {
    let matches = accepted
        .split(',')
        .enumerate()
        .filter_map(|(position, item)| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next()?;
            let is_named = name.eq_ignore_ascii_case(encoding.as_str());
            let quality = quality(parts);
            (is_named || name == "*").then_some(Match {
                is_named,
                quality,
                position,
            })
        });
    matches.max_by(|a, b| {
        a.is_named
            .cmp(&b.is_named)
            .then(a.quality.total_cmp(&b.quality))
    })
}

/// The value of `q`: 1 without it, 0 if it is no number.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let Some(text) = parameters.find_map(|parameter| parameter.strip_prefix("q=")) else {
        return 1.0;
    };
    text.trim()
        .parse()
        .ok()
        .filter(|quality: &f32| quality.is_finite())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const POLLING: [Encoding; 3] = [Encoding::Gzip, Encoding::Deflate, Encoding::Br];
    const BUNDLE: [Encoding; 3] = [Encoding::Br, Encoding::Gzip, Encoding::Deflate];

    /// Recorded from the npm package negotiator 0.6.3: what it picks from both orders of offers.
    const RECORDED: [(&str, &str, &str); 25] = [
        ("", "", ""),
        ("gzip", "gzip", "gzip"),
        ("deflate", "deflate", "deflate"),
        ("br", "br", "br"),
        ("gzip, deflate, br, zstd", "gzip", "gzip"),
        ("deflate, gzip", "deflate", "deflate"),
        ("gzip;q=0", "", ""),
        ("gzip;q=0, deflate", "deflate", "deflate"),
        ("gzip;q=0.5, deflate;q=0.8", "deflate", "deflate"),
        ("*", "gzip", "br"),
        ("*;q=0", "", ""),
        ("gzip;q=0, *", "deflate", "br"),
        ("identity", "", ""),
        ("identity, gzip;q=0.5", "gzip", "gzip"),
        ("identity;q=0", "", ""),
        ("GZIP", "gzip", "gzip"),
        ("gzip ; q=0.1 , br; q=0.2", "br", "br"),
        ("gzip;q=abc", "", ""),
        ("zstd", "", ""),
        ("*;q=0.5, gzip;q=0.5", "gzip", "gzip"),
        ("deflate, *", "deflate", "deflate"),
        ("x-gzip", "", ""),
        (",,gzip", "gzip", "gzip"),
        (";q=1", "", ""),
        ("gzip;foo=1;q=0", "", ""),
    ];

    fn picked(accept: &str, offered: &[Encoding]) -> &'static str {
        negotiate(Some(accept), offered).map_or("", Encoding::as_str)
    }

    #[test]
    fn negotiation_picks_what_the_official_server_picks() {
        for (accept, from_polling, from_bundle) in RECORDED {
            assert_eq!(picked(accept, &POLLING), from_polling, "{accept:?}");
            assert_eq!(picked(accept, &BUNDLE), from_bundle, "{accept:?}");
        }
    }

    #[test]
    fn no_header_is_plain() {
        assert_eq!(negotiate(None, &POLLING), None);
    }

    #[test]
    fn only_offered_encodings_are_picked() {
        assert_eq!(picked("br, gzip;q=0.1", &[Encoding::Gzip]), "gzip");
        assert_eq!(picked("br", &[Encoding::Gzip]), "");
    }

    #[test]
    fn answers_below_the_threshold_stay_plain() {
        let accept = "gzip";
        let compression = HttpCompression::default();

        assert_eq!(compression.encoding_for(Some(accept), 1023), None);
        assert_eq!(
            compression.encoding_for(Some(accept), 1024),
            Some(Encoding::Gzip)
        );
        assert_eq!(
            HttpCompression::off().encoding_for(Some(accept), usize::MAX),
            None
        );
    }

    #[test]
    fn compressed_data_opens_again() {
        let text = "Socket.IO ".repeat(5000).into_bytes();
        for data in [&b""[..], b"x", &text] {
            for effort in [Effort::Once, Effort::Kept] {
                for encoding in POLLING {
                    let compressed = compress_with(encoding, effort, data);
                    assert_eq!(open(encoding, &compressed), data, "{encoding:?} {effort:?}");
                }
            }
        }
        assert!(
            POLLING
                .iter()
                .all(|&encoding| compress(encoding, &text).len() < 500)
        );
    }

    #[test]
    fn deflate_is_the_zlib_format_of_createdeflate() {
        // The first two bytes of zlib.deflateSync in Node 20.
        assert_eq!(compress(Encoding::Deflate, b"hello")[..2], [0x78, 0x9c]);
    }

    #[test]
    fn streams_recorded_from_node_are_the_formats_meant_here() {
        // zlib.gzipSync, deflateSync and brotliCompressSync of "hello" in Node 20.
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
        let deflate = b"x\x9c\xcbH\xcd\xc9\xc9\x07\0\x06,\x02\x15";
        let br = b"\x0b\x02\x80hello\x03";

        assert_eq!(open(Encoding::Gzip, gzip), b"hello");
        assert_eq!(open(Encoding::Deflate, deflate), b"hello");
        assert_eq!(open(Encoding::Br, br), b"hello");
    }

    fn open(encoding: Encoding, data: &[u8]) -> Vec<u8> {
        let mut opened = Vec::new();
        match encoding {
            Encoding::Gzip => flate2::read::GzDecoder::new(data).read_to_end(&mut opened),
            Encoding::Deflate => flate2::read::ZlibDecoder::new(data).read_to_end(&mut opened),
            Encoding::Br => brotli::Decompressor::new(data, 4096).read_to_end(&mut opened),
        }
        .expect("a whole stream");
        opened
    }
}
