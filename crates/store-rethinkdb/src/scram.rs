//! The client's side of a login by SCRAM-SHA-256 (RFC 5802 and RFC 7677).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac_array;
use sha2::{Digest, Sha256};

use punctual_store_kit::Login;

/// The largest number of iterations, which take less than a second. RethinkDB's default is 4096.
const MAX_ITERATIONS: u32 = 1_000_000;

/// The header of messages from a client that supports no channel binding, and its encoding in base 64.
const NO_BINDING: &str = "n,,";
const NO_BINDING_ENCODED: &str = "biws";

/// A login whose first message has been created.
pub(crate) struct Begun<'l> {
    login: &'l Login,
    nonce: String,
    /// The first message without its header.
    first: String,
}

/// A login whose last message has been created.
pub(crate) struct Proven {
    signature: Hmac<Sha256>,
}

impl<'l> Begun<'l> {
    /// Begins a login. The nonce must be random, and contain no comma.
    pub(crate) fn new(login: &'l Login, nonce: String) -> Self {
        let name = login.name.replace('=', "=3D").replace(',', "=2C");
        let first = format!("n={name},r={nonce}");
        Self { login, nonce, first }
    }

    /// The first message to the server.
    pub(crate) fn message(&self) -> String {
        format!("{NO_BINDING}{}", self.first)
    }

    /// The second message, which proves that the client knows the password; `None` if the response is not one to the first
    /// message.
    pub(crate) fn prove(self, response: &str) -> Option<(Proven, String)> {
        let mut parts = response.split(',');
        let mut part = |name| parts.next()?.strip_prefix(name);
        let (nonce, salt, iterations) = (part("r=")?, part("s=")?, part("i=")?);
        let salt = STANDARD.decode(salt).ok()?;
        let iterations: u32 = iterations.parse().ok()?;
        let is_own = nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce);
        if !is_own || !(1..=MAX_ITERATIONS).contains(&iterations) {
            return None;
        }
        let password = self.login.password.as_bytes();
        let salted: [u8; 32] = pbkdf2_hmac_array::<Sha256, 32>(password, &salt, iterations);
        let last = format!("c={NO_BINDING_ENCODED},r={nonce}");
        let signed = format!("{},{response},{last}", self.first);

        let client_key = sign(&salted, b"Client Key")?.finalize().into_bytes();
        let stored_key = Sha256::digest(client_key);
        let signature = sign(&stored_key, signed.as_bytes())?.finalize().into_bytes();
        let proof: Vec<u8> =
            client_key.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
        let server_key = sign(&salted, b"Server Key")?.finalize().into_bytes();
        let proven = Proven { signature: sign(&server_key, signed.as_bytes())? };
        Some((proven, format!("{last},p={}", STANDARD.encode(proof))))
    }
}

impl Proven {
    /// Whether the last response proves that the server knows the password, too.
    pub(crate) fn is_answered_by(&self, response: &str) -> bool {
        let signature = response.strip_prefix("v=").and_then(|text| STANDARD.decode(text).ok());
        signature.is_some_and(|signature| self.signature.clone().verify_slice(&signature).is_ok())
    }
}

/// The signature of a text; keys may have any length.
fn sign(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut signature = Hmac::<Sha256>::new_from_slice(key).ok()?;
    signature.update(text);
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(name: &str) -> Login {
        Login { name: name.into(), password: "pencil".into() }
    }

    /// The example of RFC 7677.
    #[test]
    fn the_messages_are_those_of_the_specification() {
        let login = login("user");
        let begun = Begun::new(&login, "rOprNGfwEbeRWgbNEkqO".into());
        assert_eq!(begun.message(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let response = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let (proven, message) = begun.prove(&response).unwrap();
        assert_eq!(
            message,
            format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        );
        assert!(proven.is_answered_by("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    }

    #[test]
    fn other_responses_are_rejected() {
        let login = login("user");
        let prove = |response: &str| Begun::new(&login, "abc".into()).prove(response);
        for response in [
            "",
            "r=abc,s=AAAA,i=1",
            "r=abd1,s=AAAA,i=1",
            "r=abc1,s=?,i=1",
            "r=abc1,s=AAAA,i=0",
            "r=abc1,s=AAAA,i=1000001",
            "s=AAAA,r=abc1,i=1",
        ] {
            assert!(prove(response).is_none(), "{response}");
        }
        for response in ["", "v=", "v=AAAA", "e=invalid-proof"] {
            let (proven, _) = prove("r=abc1,s=AAAA,i=1").unwrap();
            assert!(!proven.is_answered_by(response), "{response}");
        }
    }

    #[test]
    fn names_are_escaped() {
        let login = login("a=b,c");
        assert_eq!(Begun::new(&login, "x".into()).message(), "n,,n=a=3Db=2Cc,r=x");
    }
}
