//! Expressions of the Quartz scheduler.
//!
//! The rules are those of `CronExpression` in Quartz 2.5, but for what it accepts without a meaning: whatever
//! follows a complete item, and a step of 0, are errors here. Days by position may be listed with others.

use punctual_core::TriggerError;

use super::expression::{Expression, Item, Items, parts};
use super::field::{Field, MONTHS};
use super::pattern::Expressions;
use super::scan::{Fault, Scanner, value_of};

/// Weekday names; Sunday is 1, as in Quartz.
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Understands an expression, and brings it into normal form: upper case, single spaces.
pub(super) fn parse(text: &mut String) -> Result<Expressions, TriggerError> {
    *text = text.to_ascii_uppercase();
    let parts: Vec<_> = text.split_whitespace().collect();
    let (second, minute, hour, day, month, weekday, year) = match parts[..] {
        [second, minute, hour, day, month, weekday] => {
            (second, minute, hour, day, month, weekday, "*")
        }
        [second, minute, hour, day, month, weekday, year] => {
            (second, minute, hour, day, month, weekday, year)
        }
        _ => {
            let reason = format!(
                "{} fields; expected 6 or 7: second, minute, hour, day of month, month, day of week \
                 and perhaps year",
                parts.len()
            );
            return Err(TriggerError::invalid_text(&**text, reason));
        }
    };
    if (day == "?") == (weekday == "?") {
        let reason = "exactly one of day of month and day of week must be \"?\"";
        return Err(TriggerError::invalid_field("day_of_week", weekday, 1, reason));
    }
    let mut day = parse_field(Field::Day, day)?;
    let mut weekday = parse_field(Field::DayOfWeek, weekday)?;
    if !weekday.items.iter().all(is_stride) {
        day.items = weekday.items.into_iter().flat_map(by_position).collect();
        weekday = Expression::star(Field::DayOfWeek);
    }
    let expressions = [
        parse_field(Field::Year, year)?,
        parse_field(Field::Month, month)?,
        day,
        Expression::star(Field::Week),
        weekday,
        parse_field(Field::Hour, hour)?,
        parse_field(Field::Minute, minute)?,
        parse_field(Field::Second, second)?,
    ];
    *text = parts.join(" ");
    Ok(expressions)
}

fn is_stride(item: &Item) -> bool {
    matches!(item, Item::Stride { .. })
}

/// A weekday of every week as all of its positions in the month: so that it can be listed with other
/// positions, all of which belong to the day of the month.
fn by_position(item: Item) -> Vec<Item> {
    match item {
        Item::Stride { first, .. } => (0..5).map(|nth| Item::Nth { nth, weekday: first }).collect(),
        item => vec![item],
    }
}

fn parse_field(field: Field, text: &str) -> Result<Expression, TriggerError> {
    if text == "?" && matches!(field, Field::Day | Field::DayOfWeek) {
        return Ok(Expression::star(field));
    }
    let mut items = Items::new();
    for (offset, part) in parts(text) {
        let parsed =
            parse_item(field, part).map_err(|fault| fault.in_field(field, text, offset))?;
        items.extend(parsed);
    }
    Ok(Expression { items, star: text.starts_with(['*', '/']) })
}

/// The smallest and largest number and the names of a field.
fn vocabulary(field: Field) -> (u32, u32, &'static [&'static str], &'static str) {
    match field {
        Field::DayOfWeek => {
            (1, 7, &WEEKDAYS, "1-7 from Sunday or SUN-SAT, also as 6L or 6#3; L; ?")
        }
        Field::Month => (1, 12, &MONTHS, "1-12 or JAN-DEC"),
        Field::Day => (1, 31, &[], "1-31, also as 15W; L, L-3, LW, L-3W; ?"),
        _ => (field.min(), field.max(), &[], field.allowed()),
    }
}

/// Reads one of the comma-separated parts of a field.
fn parse_item(field: Field, text: &str) -> Result<Vec<Item>, Fault> {
    let mut scanner = Scanner::new(text);
    let items = match field {
        Field::Day if scanner.eat('L') => vec![before_last(&mut scanner)?],
        // Alone, it is the last day of the week.
        Field::DayOfWeek if text == "L" && scanner.eat('L') => values(field, 7, 7, 1),
        _ => numbers(field, &mut scanner)?,
    };
    scanner.finish(vocabulary(field).3)?;
    Ok(items)
}

/// Reads what follows the `L` of a day of the month: `L`, `L-n`, `LW` or `L-nW`.
fn before_last(scanner: &mut Scanner<'_>) -> Result<Item, Fault> {
    let mut days = 0;
    if scanner.eat('-') {
        let at = scanner.column();
        let number = scanner.number().filter(|days| (1..=30).contains(days));
        days = number.ok_or_else(|| Fault::new(at, "a number of days is needed; allowed: 1-30"))?;
    }
    Ok(if scanner.eat('W') { Item::NearestBeforeLast(days) } else { Item::BeforeLast(days) })
}

/// Reads `*`, `a` or `a-b`, also with a step, and the forms that begin with one value: `aW`, `aL` and `a#n`.
fn numbers(field: Field, scanner: &mut Scanner<'_>) -> Result<Vec<Item>, Fault> {
    let (min, max, ..) = vocabulary(field);
    if scanner.eat('*') || scanner.next_is(|c| c == '/') {
        let step = parse_step(scanner, max)?.unwrap_or(1);
        return Ok(values(field, min, max, step));
    }
    let named = scanner.next_is(char::is_alphabetic);
    let first = parse_value(field, named, scanner)?;
    if field == Field::Day && scanner.eat('W') {
        return Ok(vec![Item::Nearest(first)]);
    }
    if field == Field::DayOfWeek && scanner.eat('L') {
        return Ok(vec![Item::LastWeekday(from_monday(first))]);
    }
    if field == Field::DayOfWeek && scanner.eat('#') {
        let at = scanner.column();
        let number = scanner.number().filter(|nth| (1..=5).contains(nth));
        let nth = number.ok_or_else(|| Fault::new(at, "a position is needed; allowed: 1-5"))?;
        let weekday = from_monday(first);
        return Ok(vec![Item::Nth { nth: nth as usize - 1, weekday }]);
    }
    if !scanner.eat('-') {
        let step = if named { None } else { parse_step(scanner, max)? };
        return Ok(match step {
            None => values(field, first, first, 1),
            Some(step) => values(field, first, max, step),
        });
    }
    let last = parse_value(field, named, scanner)?;
    if last < first && field == Field::Year {
        return Err(Fault::new(0, "a range of years must not end before it begins"));
    }
    let step = if named { None } else { parse_step(scanner, u32::MAX)? };
    Ok(values(field, first, last, step.unwrap_or(1)))
}

/// Reads `/s` if it is there.
fn parse_step(scanner: &mut Scanner<'_>, largest: u32) -> Result<Option<u32>, Fault> {
    if !scanner.eat('/') {
        return Ok(None);
    }
    let at = scanner.column();
    let number = scanner.number().filter(|step| (1..=largest).contains(step));
    number
        .map(Some)
        .ok_or_else(|| Fault::new(at, format!("a step is needed; allowed: 1-{largest}")))
}

/// Reads a value, which must be a name or a number as told.
fn parse_value(field: Field, named: bool, scanner: &mut Scanner<'_>) -> Result<u32, Fault> {
    let (min, max, names, allowed) = vocabulary(field);
    let at = scanner.column();
    let value = match named {
        true => value_of(names, scanner.letters(3)).map(|position| position + min),
        false => scanner.number(),
    };
    let value = value.filter(|value| (min..=max).contains(value));
    value.ok_or_else(|| {
        Fault::new(at, format!("a value is missing or out of range; allowed: {allowed}"))
    })
}

/// Every `step`th value from `first` to `last`; if `last` is less, the range goes on at the beginning of the
/// field.
fn values(field: Field, first: u32, last: u32, step: u32) -> Vec<Item> {
    let (min, max, ..) = vocabulary(field);
    if first <= last && field != Field::DayOfWeek {
        return vec![Item::Stride { first, last, step }];
    }
    let count = max - min + 1;
    let end = if last < first { last + count } else { last };
    let wrapped = (first..=end).step_by(step as usize).map(|value| (value - min) % count + min);
    let single = |value| Item::Stride { first: value, last: value, step: 1 };
    match field {
        Field::DayOfWeek => wrapped.map(from_monday).map(single).collect(),
        _ => wrapped.map(single).collect(),
    }
}

/// A weekday counted from Sunday = 1 as one counted from Monday = 0.
fn from_monday(weekday: u32) -> u32 {
    (weekday + 5) % 7
}
