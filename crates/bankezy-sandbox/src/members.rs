//! The members of a JSON object or a query; all of them must be known.

use core::fmt;

use bankezy_crypto::SecretText;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Members and their values as they came.
pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

/// What is wrong with the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MemberError {
    NotAnObject,
    Unknown {
        /// As it was sent.
        name: String,
        known: Vec<String>,
    },
    Duplicate {
        name: String,
    },
    Missing {
        name: &'static str,
    },
    Invalid {
        name: &'static str,
        expected: String,
    },
}

impl Members {
    pub(crate) fn from_json(body: &[u8], known: &[&str]) -> Result<Self, MemberError> {
        let members: Self = serde_json::from_slice(body).map_err(|_| MemberError::NotAnObject)?;
        members.checked(known)
    }

    fn checked(self, known: &[&str]) -> Result<Self, MemberError> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let known = known.iter().map(|&name| name.to_owned()).collect();
                let name = name.clone();
                return Err(MemberError::Unknown { name, known });
            }
            if self
                .0
                .iter()
                .skip(place + 1)
                .any(|(other, _)| other == name)
            {
                let name = name.clone();
                return Err(MemberError::Duplicate { name });
            }
        }
        Ok(self)
    }

    /// `null` is a value too.
    pub(crate) fn raw(&self, name: &str) -> Option<&RawValue> {
        let mut members = self.0.iter();
        members.find_map(|(found, value)| (found == name).then_some(&**value))
    }

    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.get() == "null")
    }

    /// A value that may be missing or null.
    pub(crate) fn optional<T: DeserializeOwned>(
        &self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, MemberError> {
        let Some(value) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(value.get()).map_err(|_| MemberError::Invalid {
            name,
            expected: expected.to_owned(),
        })
    }

    pub(crate) fn required<T: DeserializeOwned>(
        &self,
        name: &'static str,
        expected: &str,
    ) -> Result<T, MemberError> {
        self.optional(name, expected)?
            .ok_or(MemberError::Missing { name })
    }
}

/// One of them may be a secret.
impl Drop for Members {
    fn drop(&mut self) {
        for (_, value) in self.0.drain(..) {
            drop(SecretText::from(String::from(Box::<str>::from(value))));
        }
    }
}

/// By hand: a map would take the last of two members of one name.
impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                    // No object of the API has as many; checking them takes time.
                    if members.len() > 64 {
                        return Err(serde::de::Error::custom("too many members"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the body is not a JSON object"),
            Self::Unknown { name, known } if known.is_empty() => {
                write!(f, "unknown member {name:?}: this request takes none")
            }
            Self::Unknown { name, known } => {
                write!(f, "unknown member {name:?}: expected {}", known.join(", "))
            }
            Self::Duplicate { name } => write!(f, "duplicate member {name:?}"),
            Self::Missing { name } => write!(f, "missing member {name}"),
            Self::Invalid { name, expected } => {
                write!(f, "invalid value for {name}: expected {expected}")
            }
        }
    }
}
