//! The certificates of a store's options.

use std::path::{Path, PathBuf};

use punctual_core::StoreError;

use crate::name::invalid;

/// The content of a file in the PEM format.
pub type Pem = Vec<u8>;

/// The files with the certificates of encrypted connections, in the PEM format. The default has none: authorities are those
/// of Mozilla's list, and the client has no certificate.
#[derive(Clone, Debug, Default)]
pub struct Certificates {
    authority: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
}

impl Certificates {
    /// The certificates of these options, or `None` if none is set.
    ///
    /// ```
    /// use punctual_store_kit::Certificates;
    ///
    /// assert!(Certificates::of(None, None, None)?.is_none());
    /// assert!(Certificates::of(None, Some("client.pem".into()), None).is_err());
    /// # Ok::<(), punctual_core::StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if only one of `cert_cert` and `cert_key` is set.
    pub fn of(
        ca_cert: Option<PathBuf>,
        cert_cert: Option<PathBuf>,
        cert_key: Option<PathBuf>,
    ) -> Result<Option<Self>, StoreError> {
        let client = match (cert_cert, cert_key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err(invalid("`cert_cert` and `cert_key` require each other")),
        };
        let is_set = ca_cert.is_some() || client.is_some();
        Ok(is_set.then_some(Self { authority: ca_cert, client }))
    }

    /// Reads the certificates of the authorities that are trusted; `None` for those of Mozilla's list.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the file can't be read.
    pub fn read_authority(&self) -> Result<Option<Pem>, StoreError> {
        self.authority.as_deref().map(|path| read("ca_cert", path)).transpose()
    }

    /// Reads the certificate of the client and its key, if it has one.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if a file can't be read.
    pub fn read_client(&self) -> Result<Option<(Pem, Pem)>, StoreError> {
        let Some((certificate, key)) = &self.client else { return Ok(None) };
        Ok(Some((read("cert_cert", certificate)?, read("cert_key", key)?)))
    }
}

fn read(option: &str, path: &Path) -> Result<Pem, StoreError> {
    std::fs::read(path).map_err(|error| {
        invalid(format!("the file of `{option}` can't be read")).with_source(error)
    })
}
