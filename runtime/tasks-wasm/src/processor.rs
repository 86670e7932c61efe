//! The processors that components are compiled for ahead of time.
//!
//! **Invariant:** what is compiled for one of them runs on every such processor of the cloud, whichever machine compiled
//! it: nothing is inferred from that machine.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of processor, with the least that each of its kind can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Processor {
    /// 64-bit x86 from Haswell on (x86-64-v3): AVX2, BMI, FMA, LZCNT, POPCNT. Functions are promised AVX2 there.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html>
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM from Neoverse N1 on (Graviton2, ARMv8.2): large system extensions, half precision, dot products.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html>
    Arm64,
}

impl Processor {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// The kind that this program is built for, if components can be compiled ahead of time for it.
    #[must_use]
    pub const fn here() -> Option<Self> {
        if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            Some(Self::X86_64)
        } else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
            Some(Self::Arm64)
        } else {
            None
        }
    }

    /// `x86_64` or `arm64`, as functions call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The system that is compiled for.
    #[must_use]
    pub const fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// What the compiler may use beyond the architecture's beginnings, by its own names.
    #[cfg(feature = "compiler")]
    pub(crate) const fn features(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &[
                "has_cmpxchg16b",
                "has_sse3",
                "has_ssse3",
                "has_sse41",
                "has_sse42",
                "has_popcnt",
                "has_avx",
                "has_avx2",
                "has_bmi1",
                "has_bmi2",
                "has_fma",
                "has_lzcnt",
            ],
            Self::Arm64 => &["has_lse", "has_fp16", "has_dotprod"],
        }
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
