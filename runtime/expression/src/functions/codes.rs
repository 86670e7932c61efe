//! Functions that encode, decode and hash text.
//!
//! **Invariant:** text is its UTF-8 bytes; what decodes to anything else is an error.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::context::{Context, Halt};
use crate::error::shortened;
use crate::functions::{Mistake, count, unexpected};
use crate::value::Value;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `toBase64(text)`.
pub(super) fn to_base64(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(text)] = arguments else {
        return Err(unexpected());
    };
    context.allow_text(count(text.len()).saturating_mul(4) / 3)?;
    Ok(Value::from(BASE64.encode(&**text)))
}

/// `fromBase64(text)`; padding may be left out.
pub(super) fn from_base64(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(text)] = arguments else {
        return Err(unexpected());
    };
    context.spend_bytes(count(text.len()))?;
    let bytes = BASE64
        .decode(&**text)
        .map_err(|_| Halt::failed("the text is not base64"))?;
    let decoded = String::from_utf8(bytes).map_err(|_| Halt::failed("the decoded bytes are not UTF-8 text"))?;
    Ok(Value::from(decoded))
}

/// `hash(text, algorithm)`, in lower-case hexadecimal digits.
pub(super) fn hash(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(text), Value::String(name)] = arguments else {
        return Err(unexpected());
    };
    let algorithm = Algorithm::named(name)?;
    context.spend_bytes(count(text.len()))?;
    Ok(Value::from(algorithm.hash(text.as_bytes())))
}

/// An unknown algorithm is a mistake wherever it is known.
pub(super) fn check_hash(arguments: &[Option<&Value>], _: &mut Context<'_>) -> Result<(), Mistake> {
    match arguments {
        [_, Some(Value::String(name))] => Algorithm::named(name)
            .map(|_| ())
            .map_err(|halt| Mistake { argument: 1, halt }),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    fn named(name: &str) -> Result<Algorithm, Halt> {
        match name.to_ascii_uppercase().as_str() {
            "MD5" => Ok(Algorithm::Md5),
            "SHA-1" | "SHA1" => Ok(Algorithm::Sha1),
            "SHA-256" | "SHA256" => Ok(Algorithm::Sha256),
            "SHA-512" | "SHA512" => Ok(Algorithm::Sha512),
            _ => Err(Halt::failed(format!(
                "unknown hash algorithm `{}`: there are MD5, SHA-1, SHA-256 and SHA-512",
                shortened(name)
            ))),
        }
    }

    fn hash(self, bytes: &[u8]) -> String {
        match self {
            Algorithm::Md5 => hexadecimal(&Md5::digest(bytes)),
            Algorithm::Sha1 => hexadecimal(&Sha1::digest(bytes)),
            Algorithm::Sha256 => hexadecimal(&Sha256::digest(bytes)),
            Algorithm::Sha512 => hexadecimal(&Sha512::digest(bytes)),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
