//! The root certificates of TLS, as the HTTP client loads them: those of SSL_CERT_FILE and SSL_CERT_DIR, otherwise
//! those of the system. Without one, no call over https:// can succeed.

use std::sync::LazyLock;

use rustls::RootCertStore;

/// A file can be a frame of PEM without a certificate: the parser of TLS decides.
static ARE_USABLE: LazyLock<bool> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    found.certs.into_iter().any(|certificate| RootCertStore::empty().add(certificate).is_ok())
});

const NAME_A_FILE: &str = "write the path of a file of CA certificates in PEM form into SSL_CERT_FILE, or unset the \
    variable to use those of this machine";
const INSTALL_THEM: &str = "install them (most systems have a package ca-certificates), or write the path of a file of \
    CA certificates in PEM form into SSL_CERT_FILE";

/// No root certificate can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{from}: {problem}")]
pub struct NoCertificates {
    /// Where they were searched for.
    pub from: &'static str,
    /// The problem, and what to do.
    pub problem: String,
}

/// Whether any root certificate can be used, found once for this process.
#[must_use]
pub fn are_usable() -> bool {
    *ARE_USABLE
}

/// Why no call over https:// can succeed; `None`: a root certificate can be used. `variable` reads the environment.
#[must_use]
pub fn problem(variable: &dyn Fn(&str) -> Option<String>) -> Option<NoCertificates> {
    (!are_usable()).then(|| no_certificates(variable))
}

/// Whether an endpoint needs no certificate.
#[must_use]
pub fn is_plain(url: &str) -> bool {
    url.starts_with("http://")
}

fn no_certificates(variable: &dyn Fn(&str) -> Option<String>) -> NoCertificates {
    let (from, help) = match (variable("SSL_CERT_FILE").is_some(), variable("SSL_CERT_DIR").is_some()) {
        (true, true) => ("SSL_CERT_FILE and SSL_CERT_DIR", NAME_A_FILE),
        (true, false) => ("SSL_CERT_FILE", NAME_A_FILE),
        (false, true) => ("SSL_CERT_DIR", NAME_A_FILE),
        (false, false) => ("the CA certificates of this machine", INSTALL_THEM),
    };
    let problem = format!("no CA certificate there can be used, and calls over https:// need one; {help}");
    NoCertificates { from, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_place_of_the_certificates_and_what_to_do() {
        for (set, from) in [
            (&["SSL_CERT_FILE"][..], "SSL_CERT_FILE: "),
            (&["SSL_CERT_DIR"], "SSL_CERT_DIR: "),
            (&["SSL_CERT_FILE", "SSL_CERT_DIR"], "SSL_CERT_FILE and SSL_CERT_DIR: "),
            (&[], "the CA certificates of this machine: "),
        ] {
            let read = |name: &str| set.contains(&name).then(|| "/nowhere".to_owned());
            let sentence = no_certificates(&read).to_string();
            assert!(sentence.starts_with(from) && sentence.contains("SSL_CERT_FILE"), "{sentence}");
        }
    }
}
