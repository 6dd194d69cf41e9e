//! The fields of a CloudTrail record that sessions need. Strings are borrowed from the text of the record. A field with
//! an unexpected type counts as absent: CloudTrail's services do not agree on the types of optional fields.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize as DeriveDeserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One record.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record<'a> {
    /// The time of the call.
    #[serde(borrow)]
    pub event_time: RecordText<'a>,
    /// The service, such as `sts.amazonaws.com`.
    #[serde(borrow)]
    pub event_source: RecordText<'a>,
    /// The operation.
    #[serde(borrow)]
    pub event_name: RecordText<'a>,
    /// The address of the caller. It is compared and never shown.
    #[serde(rename = "sourceIPAddress", borrow)]
    pub source_address: RecordText<'a>,
    /// The error code of a failed call.
    #[serde(borrow)]
    pub error_code: RecordText<'a>,
    /// The error message of a failed call.
    #[serde(borrow)]
    pub error_message: RecordText<'a>,
    /// The id of the record.
    #[serde(rename = "eventID", borrow)]
    pub event_id: RecordText<'a>,
    /// The id that the copies of a call between accounts share.
    #[serde(rename = "sharedEventID", borrow)]
    pub shared_event_id: RecordText<'a>,
    /// Whether the session is of the AWS console.
    pub session_credential_from_console: Flag,
    /// The caller.
    #[serde(borrow, deserialize_with = "object")]
    pub user_identity: UserIdentity<'a>,
    /// The parameters of the request. Only those of STS are parsed.
    #[serde(borrow)]
    pub request_parameters: Option<&'a RawValue>,
    /// The elements of the answer. Only those of STS are parsed.
    #[serde(borrow)]
    pub response_elements: Option<&'a RawValue>,
    /// The record as a string, in the output of `aws cloudtrail lookup-events`.
    #[serde(rename = "CloudTrailEvent", borrow)]
    pub event_text: RecordText<'a>,
}

/// The caller of a record.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserIdentity<'a> {
    /// The type, such as `AssumedRole`.
    #[serde(rename = "type", borrow)]
    pub kind: RecordText<'a>,
    /// The unique id, with the session's name for role sessions.
    #[serde(borrow)]
    pub principal_id: RecordText<'a>,
    /// The ARN.
    #[serde(borrow)]
    pub arn: RecordText<'a>,
    /// The access key.
    #[serde(borrow)]
    pub access_key_id: RecordText<'a>,
    /// The name of a user, or the subject of a token.
    #[serde(borrow)]
    pub user_name: RecordText<'a>,
    /// The service that made the call.
    #[serde(borrow)]
    pub invoked_by: RecordText<'a>,
    /// The session of the caller.
    #[serde(borrow, deserialize_with = "object")]
    pub session_context: SessionContext<'a>,
}

/// The session of a caller.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionContext<'a> {
    /// The role or user that the session is of.
    #[serde(borrow, deserialize_with = "object")]
    pub session_issuer: Issuer<'a>,
    /// The attributes of the session.
    #[serde(borrow, deserialize_with = "object")]
    pub attributes: Attributes<'a>,
    /// The identity provider of the session.
    #[serde(borrow, deserialize_with = "object")]
    pub web_id_federation_data: Federation<'a>,
    /// The version of the instance metadata service that delivered the session.
    #[serde(borrow)]
    pub ec2_role_delivery: RecordText<'a>,
}

/// The role or user that a session is of.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub struct Issuer<'a> {
    /// `Role`, or the type of a user.
    #[serde(rename = "type", borrow)]
    pub kind: RecordText<'a>,
    /// The ARN.
    #[serde(borrow)]
    pub arn: RecordText<'a>,
}

/// The attributes of a session.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attributes<'a> {
    /// The time of issue.
    #[serde(borrow)]
    pub creation_date: RecordText<'a>,
}

/// The identity provider of a session.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Federation<'a> {
    /// The provider. Ordinary sessions have an empty object without it.
    #[serde(borrow)]
    pub federated_provider: RecordText<'a>,
}

/// The request parameters of STS.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestParameters<'a> {
    /// The role to assume.
    #[serde(borrow)]
    pub role_arn: RecordText<'a>,
    /// The name of the session.
    #[serde(borrow)]
    pub role_session_name: RecordText<'a>,
    /// The name of a federated user.
    #[serde(borrow)]
    pub name: RecordText<'a>,
    /// The requested lifetime.
    pub duration_seconds: Number,
    /// The account of AssumeRoot.
    #[serde(borrow)]
    pub target_principal: RecordText<'a>,
}

/// The response elements of STS.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Response<'a> {
    /// The issued credentials. The secret key is never in a record; the session token is not read.
    #[serde(borrow, deserialize_with = "object")]
    pub credentials: IssuedCredentials<'a>,
    /// The session of a role.
    #[serde(borrow, deserialize_with = "object")]
    pub assumed_role_user: AssumedRoleUser<'a>,
    /// The session of a federated user.
    #[serde(borrow, deserialize_with = "object")]
    pub federated_user: FederatedUser<'a>,
}

/// Issued credentials.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IssuedCredentials<'a> {
    /// The access key.
    #[serde(borrow)]
    pub access_key_id: RecordText<'a>,
    /// The end of the session.
    #[serde(borrow)]
    pub expiration: RecordText<'a>,
}

/// The session of a role.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AssumedRoleUser<'a> {
    /// The ARN of the session.
    #[serde(borrow)]
    pub arn: RecordText<'a>,
    /// The principal id of the session.
    #[serde(borrow)]
    pub assumed_role_id: RecordText<'a>,
}

/// The session of a federated user.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub struct FederatedUser<'a> {
    /// The ARN of the session.
    #[serde(borrow)]
    pub arn: RecordText<'a>,
}

/// Parses the request parameters or response elements of STS; others count as empty.
pub fn parse_part<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.filter(|raw| raw.get().starts_with('{'))
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// A string that is not empty, or nothing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RecordText<'a>(Option<Cow<'a, str>>);

impl<'a> RecordText<'a> {
    /// A string that is not empty, or nothing.
    #[must_use]
    pub fn new(text: Option<&'a str>) -> Self {
        Self(text.filter(|text| !text.is_empty()).map(Cow::Borrowed))
    }
}

impl RecordText<'_> {
    /// The string.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The string, or an empty string.
    #[must_use]
    pub fn or_empty(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// An owned copy.
    #[must_use]
    pub fn boxed(&self) -> Option<Box<str>> {
        self.get().map(Box::from)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RecordText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok((!text.is_empty()).then_some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((!text.is_empty()).then(|| Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// `true`, or the string `"true"`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(text == "true" || text == "\"true\""))
    }
}

/// A whole number, as a number or in a string.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub Option<i64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(text.trim_matches('"').parse().ok()))
    }
}

/// Parses an object; a value of another type counts as an empty object.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_an_unexpected_type_counts_as_absent() {
        let text = r#"{"eventTime":5,"eventSource":{"a":[1]},"eventName":["x"],"userIdentity":"root",
            "requestParameters":"HIDDEN","responseElements":[1],"sessionCredentialFromConsole":null,"errorCode":""}"#;
        let record: Record<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(record.event_time, RecordText::default());
        assert_eq!(record.event_name, RecordText::default());
        assert_eq!(record.error_code.get(), None);
        assert_eq!(parse_part::<RequestParameters<'_>>(record.request_parameters).duration_seconds, Number(None));
        assert_eq!(record.session_credential_from_console, Flag(false));
    }

    #[test]
    fn a_duration_is_read_as_a_number_and_as_a_string() {
        for text in [r#"{"durationSeconds":3600}"#, r#"{"durationSeconds":"3600"}"#] {
            assert_eq!(
                serde_json::from_str::<RequestParameters<'_>>(text).unwrap().duration_seconds,
                Number(Some(3600))
            );
        }
    }
}
