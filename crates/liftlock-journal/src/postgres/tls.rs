//! How the way to a server is kept from being overheard, and how it is known to be the server: what `sslmode` and
//! `sslrootcert` say, in the words of PostgreSQL's own programs (libpq, "SSL Support").

use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use postgres::config::SslMode;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    mode: Mode,
    roots: Roots,
}

/// The authorities that count.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// Nothing is said: those that everybody knows, where any are asked for.
    Unsaid,
    /// `sslrootcert=system`: those that everybody knows.
    System,
    /// Those of a file.
    File(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    /// Nobody listens; who answers is not asked, unless there is a certificate to ask by.
    Require,
    /// Whoever answers has a certificate of the authority.
    VerifyCa,
    /// And it is that of the host in the address.
    VerifyFull,
}

impl Wish {
    /// Takes `sslmode` and `sslrootcert` out of an address, and returns what is left of it. Without a word there is no TLS.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn take(address: &str) -> Result<(String, Wish), String> {
        let mut wish = Wish { mode: Mode::Disable, roots: Roots::Unsaid };
        let mut is_said = false;
        let Some((place, parameters)) = address.split_once('?') else { return Ok((address.to_owned(), wish)) };
        let mut rest = Vec::new();
        for parameter in parameters.split('&') {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => {
                    wish.mode = Mode::read(mode)?;
                    is_said = true;
                }
                Some(("sslrootcert", path)) => {
                    let path = percent_decode_str(path).decode_utf8().map_err(|_| "`sslrootcert` is not UTF-8")?;
                    wish.roots = if path == "system" { Roots::System } else { Roots::File(path.as_ref().into()) };
                }
                _ => rest.push(parameter),
            }
        }
        // As PostgreSQL's own programs have it: what everybody can get a certificate of says nothing without the name.
        if wish.roots == Roots::System && !is_said {
            wish.mode = Mode::VerifyFull;
        }
        if wish.roots == Roots::System && wish.mode != Mode::VerifyFull {
            return Err("`sslrootcert=system` is for `sslmode=verify-full`, and for no other".to_owned());
        }
        if wish.mode == Mode::Disable && wish.roots != Roots::Unsaid {
            return Err("`sslrootcert` is for TLS; ask for it with `sslmode=verify-full`".to_owned());
        }
        let mark = if rest.is_empty() { "" } else { "?" };
        Ok((format!("{place}{mark}{}", rest.join("&")), wish))
    }

    pub fn mode(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// What makes the connection.
    ///
    /// # Errors
    /// Why the certificates cannot be used.
    pub fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let config = match (self.mode, &self.roots) {
            (Mode::VerifyFull, _) => builder.with_root_certificates(self.authorities()?).with_no_client_auth(),
            (Mode::Disable | Mode::Require, Roots::Unsaid) => {
                let anybody = Arc::new(Verifier { provider, authority: None });
                builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
            }
            (Mode::Disable | Mode::Require | Mode::VerifyCa, _) => {
                let roots = Arc::new(self.authorities()?);
                let authority = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
                let authority = Some(authority.map_err(|error| error.to_string())?);
                let verifier = Arc::new(Verifier { provider, authority });
                builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn authorities(&self) -> Result<RootCertStore, String> {
        match &self.roots {
            Roots::Unsaid | Roots::System => Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Roots::File(path) => read(path),
        }
    }
}

impl Mode {
    fn read(text: &str) -> Result<Mode, String> {
        match text {
            "disable" => Ok(Mode::Disable),
            "require" => Ok(Mode::Require),
            "verify-ca" => Ok(Mode::VerifyCa),
            "verify-full" => Ok(Mode::VerifyFull),
            // They go on without TLS where somebody in between says that there is none.
            "allow" | "prefer" => Err(format!("`sslmode={text}` protects nobody; take `verify-full`, or `disable`")),
            _ => Err(format!("`sslmode={text}` is unknown; take `verify-full`, `verify-ca`, `require` or `disable`")),
        }
    }
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let unusable = |why: String| format!("the certificates in `{}` cannot be used: {why}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is none in it".to_owned()));
    }
    Ok(roots)
}

/// Asks less of a certificate than that it is the host's: that an authority has signed it, or nothing. That the server has
/// the key of the certificate that it shows is always asked.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, between, host, ocsp, now) {
            // The name is looked at last, so that everything else is in order.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_taken_out_of_the_address() {
        let (rest, wish) =
            Wish::take("postgres://db/x?user=ada&sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem").unwrap();
        assert_eq!(rest, "postgres://db/x?user=ada");
        assert_eq!(wish, Wish { mode: Mode::VerifyFull, roots: Roots::File("/etc/ca.pem".into()) });
        assert_eq!(Wish::take("postgres://db/x?sslmode=require").unwrap().0, "postgres://db/x");
        assert_eq!(Wish::take("postgres://db/x").unwrap().1.mode(), SslMode::Disable);
    }

    #[test]
    fn what_protects_nobody_is_refused() {
        for (parameters, says) in [
            ("sslmode=prefer", "protects nobody"),
            ("sslmode=full", "is unknown"),
            ("sslrootcert=ca.pem", "ask for it with `sslmode=verify-full`"),
            ("sslmode=require&sslrootcert=system", "is for `sslmode=verify-full`"),
            ("sslrootcert=system&sslmode=disable", "is for `sslmode=verify-full`"),
        ] {
            let why = Wish::take(&format!("postgres://db/x?{parameters}")).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn the_authorities_of_everybody_ask_for_everything() {
        let wish = Wish::take("postgres://db/x?sslrootcert=system").unwrap().1;
        assert_eq!(wish, Wish { mode: Mode::VerifyFull, roots: Roots::System });
    }

    #[test]
    fn certificates_that_are_not_there_are_named() {
        let wish = Wish::take("postgres://db/x?sslmode=verify-full&sslrootcert=/nowhere/ca.pem").unwrap().1;
        let Err(why) = wish.connector() else { panic!("there is no such file") };
        assert!(why.contains("`/nowhere/ca.pem`"), "{why}");
    }
}
