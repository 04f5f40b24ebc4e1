//! A value of the mapping file as JSON: constants of attributes and inline contexts.

use belfry_ngsi_ld::Json;
use toml::de::DeValue;

/// The JSON of a TOML value; none for numbers that JSON does not have.
pub(super) fn read(value: &DeValue<'_>) -> Option<Json> {
    Some(match value {
        DeValue::String(text) => Json::Str((&**text).into()),
        DeValue::Boolean(truth) => Json::Bool(*truth),
        DeValue::Integer(n) => Json::Int(i64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok()?),
        DeValue::Float(n) => {
            let number: f64 = n.as_str().replace('_', "").parse().ok()?;
            if !number.is_finite() {
                return None;
            }
            Json::number(number)
        }
        DeValue::Datetime(time) => Json::Str(time.to_string().into()),
        DeValue::Array(items) => Json::Array(items.iter().map(|item| read(item.get_ref())).collect::<Option<_>>()?),
        DeValue::Table(table) => Json::Object(
            table
                .iter()
                .map(|(name, value)| Some(((&**name.get_ref()).into(), read(value.get_ref())?)))
                .collect::<Option<_>>()?,
        ),
    })
}
