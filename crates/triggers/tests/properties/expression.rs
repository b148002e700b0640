//! Random expressions of single fields, with their text and their values.

use std::fmt;

use proptest::prelude::*;

/// The values of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Domain {
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// The names of the values; the first name stands for `min`.
    pub(crate) names: &'static [&'static str],
}

pub(crate) const fn domain(min: u32, max: u32) -> Domain {
    let names = &[];
    Domain { min, max, names }
}

pub(crate) const MONTHS: Domain = Domain {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};

pub(crate) const FROM_MONDAY: Domain =
    Domain { min: 0, max: 6, names: &["mon", "tue", "wed", "thu", "fri", "sat", "sun"] };

/// The weekdays of crontab; 7 is Sunday, like 0.
pub(crate) const FROM_SUNDAY: Domain =
    Domain { min: 0, max: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// Every `step`th value of a range, in one of the possible notations.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    first: u32,
    last: u32,
    step: u32,
    text: String,
}

impl Part {
    pub(crate) fn contains(&self, value: u32) -> bool {
        (self.first..=self.last).contains(&value) && (value - self.first).is_multiple_of(self.step)
    }
}

/// A comma-separated expression.
#[derive(Clone)]
pub(crate) struct Expression(Vec<Part>);

impl Expression {
    pub(crate) fn contains(&self, value: u32) -> bool {
        self.0.iter().any(|part| part.contains(value))
    }

    pub(crate) fn values(&self, domain: Domain) -> Vec<u32> {
        let all = domain.min..=domain.max;
        all.filter(|&value| self.contains(value)).collect()
    }

    pub(crate) fn starts_with_wildcard(&self) -> bool {
        self.0[0].text.starts_with('*')
    }

    pub(crate) fn has_wildcard(&self) -> bool {
        self.0.iter().any(|part| part.text.starts_with('*'))
    }

    /// Generates expressions. `a/s`, from `a` to the maximum, is included only if `open_steps` is set, since not all
    /// dialects support it.
    pub(crate) fn any(domain: Domain, open_steps: bool) -> impl Strategy<Value = Self> {
        let few = prop::collection::vec(part(domain, open_steps), 1..4);
        prop_oneof![
            1 => Just(vec![wildcard(domain, 1)]),
            4 => few,
        ]
        .prop_map(Self)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(|part| part.text.as_str()).collect();
        f.write_str(&texts.join(","))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn wildcard(domain: Domain, step: u32) -> Part {
    let text = match step {
        1 => "*".to_owned(),
        _ => format!("*/{step}"),
    };
    Part { first: domain.min, last: domain.max, step, text }
}

fn part(domain: Domain, open_steps: bool) -> impl Strategy<Value = Part> {
    let value = domain.min..=domain.max;
    (0..8u32, value.clone(), value, any::<prop::sample::Index>()).prop_map(
        move |(form, a, b, step)| {
            let (first, last) = (a.min(b), a.max(b));
            // A step must not be larger than the range it applies to.
            let step_in = |range: u32| step.index(range.max(1) as usize) as u32 + 1;
            let name = |value: u32| domain.names.get((value - domain.min) as usize);
            let range = |step: u32, text: String| Part { first, last, step, text };
            let single = |text: String| Part { first, last: first, step: 1, text };
            match form {
                0 => wildcard(domain, step_in(domain.max - domain.min)),
                1 if first < last => {
                    let step = step_in(last - first);
                    range(step, format!("{first}-{last}/{step}"))
                }
                2 => range(1, format!("{first}-{last}")),
                3 if open_steps && first < domain.max => {
                    let step = step_in(domain.max - first);
                    Part { last: domain.max, ..range(step, format!("{first}/{step}")) }
                }
                4 => match (name(first), name(last)) {
                    (Some(from), Some(to)) => range(1, format!("{from}-{to}")),
                    _ => single(first.to_string()),
                },
                5 => single(name(first).map_or(first.to_string(), |name| name.to_uppercase())),
                _ => single(first.to_string()),
            }
        },
    )
}
