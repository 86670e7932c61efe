//! Headers that no caller may send on: they belong to the connection, or to one host.

use http::{
    HeaderMap, HeaderName,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE,
        COOKIE, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

const CONNECTION_ONLY: [HeaderName; 11] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const CREDENTIALS: [HeaderName; 5] = [
    AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("cookie2"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-auth-token"),
];
const OF_THE_BODY: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION];

/// Drops what is made anew for every connection (RFC 9110, 7.6.1), and `Host`, which the URL decides.
pub(crate) fn drop_connection_headers(headers: &mut HeaderMap) {
    drop_all(headers, &CONNECTION_ONLY);
}

/// Drops what tells one host who is asking.
pub(crate) fn drop_credentials(headers: &mut HeaderMap) {
    drop_all(headers, &CREDENTIALS);
}

/// Drops what describes a body that is not sent.
pub(crate) fn drop_body_headers(headers: &mut HeaderMap) {
    drop_all(headers, &OF_THE_BODY);
}

fn drop_all(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}
