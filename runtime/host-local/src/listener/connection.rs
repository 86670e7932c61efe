//! One connection.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{Answering, is_closing};

const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 64;
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// Answers requests until the other side or this server goes. A connection that breaks is nobody's business here.
pub(super) async fn serve(stream: TcpStream, answering: Answering, mut closed: watch::Receiver<bool>) {
    // Answers are written whole; waiting for more to send would only add delay.
    _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answering.clone().answer(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = is_closing(&mut closed) => {}
    }
    connection.as_mut().graceful_shutdown();
    _ = connection.await;
}
