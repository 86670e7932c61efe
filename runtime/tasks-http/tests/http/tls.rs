//! HTTPS against a server with an authority of the test's own.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::Request;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use stepwell_actions::{Granted, HostRule};
use stepwell_egress::{Asker, Outbound as _, OutboundError, Policy, Redirects, SecretText, Secrets};
use stepwell_tasks_http::HttpClient;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::TcpListener,
    runtime::Handle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use crate::{
    client::{AMPLE, client},
    server::{Reply, Server, read_request},
};

fn no_secrets() -> Arc<dyn Secrets> {
    Arc::new(BTreeMap::<String, SecretText>::new())
}

/// A TLS server for `localhost`, its port, and the authority to trust.
async fn secure_server() -> (u16, RootCertStore) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut stream = BufReader::new(stream);
            while read_request(&mut stream, 1).await.is_some() {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsafe")
                    .await
                    .unwrap();
                stream.flush().await.unwrap();
            }
        }
    });
    (port, roots)
}

async fn fetch(client: &HttpClient, host: &str, port: u16) -> Result<String, OutboundError> {
    let rule = HostRule {
        host: host.to_owned(),
        port: Some(port),
    };
    let asker = Asker {
        flow: "f".into(),
        action: "HTTP:Request".into(),
        function: None,
    };
    let granted = Granted {
        http: vec![rule],
        ..Granted::default()
    };
    let policy = Policy::of_grants(&granted, asker, Redirects::Follow);
    let request = Request::get(format!("https://{host}:{port}/"))
        .body(Bytes::new())
        .unwrap();
    let answer = client.send(request, Arc::new(policy), AMPLE).await?;
    Ok(String::from_utf8_lossy(answer.body()).into_owned())
}

#[tokio::test]
async fn a_trusted_server_is_spoken_to_over_tls() {
    let (port, roots) = secure_server().await;
    let trusting = HttpClient::with_roots(Handle::current(), no_secrets(), roots).unwrap();
    assert_eq!(fetch(&trusting, "localhost", port).await, Ok("safe".to_owned()));
}

#[tokio::test]
async fn an_untrusted_server_and_a_wrong_name_are_refused() {
    let (port, roots) = secure_server().await;
    let trusting = HttpClient::with_roots(Handle::current(), no_secrets(), roots).unwrap();
    let unknown = fetch(&client(), "localhost", port).await.unwrap_err().to_string();
    assert_eq!(
        unknown,
        "no secure connection to `localhost`: invalid peer certificate: UnknownIssuer"
    );
    let other = fetch(&trusting, "127.0.0.1", port).await.unwrap_err();
    assert!(
        matches!(other, OutboundError::Tls { ref host, .. } if host == "127.0.0.1"),
        "{other}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_no_secure_connection() {
    let server = Server::always(Reply::Last(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).await;
    let failed = fetch(&client(), "127.0.0.1", server.address.port()).await.unwrap_err();
    assert!(matches!(failed, OutboundError::Tls { .. }), "{failed}");
}
