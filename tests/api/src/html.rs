//! Functions to search rustdoc's HTML pages and to extract their text.

/// Returns the text between the first occurrence of two strings, and the rest after it.
pub(crate) fn between<'h>(html: &'h str, start: &str, end: &str) -> Option<(&'h str, &'h str)> {
    html.split_once(start)?.1.split_once(end)
}

/// Returns the texts between all occurrences of two strings.
pub(crate) fn all_between<'h>(
    mut html: &'h str,
    start: &'h str,
    end: &'h str,
) -> impl Iterator<Item = &'h str> {
    std::iter::from_fn(move || {
        let (found, rest) = between(html, start, end)?;
        html = rest;
        Some(found)
    })
}

/// Returns the value of an attribute of the first tag that has it.
pub(crate) fn attribute<'h>(html: &'h str, name: &str) -> Option<&'h str> {
    Some(between(html, &format!("{name}=\""), "\"")?.0)
}

/// Returns the text of a code block, without tags and without the labels of collapsed sections.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let (name, behind) = tag.split_once('>').unwrap_or((tag, ""));
        rest = behind;
        if name.starts_with("summary") {
            rest = behind.split_once("</summary>").map_or("", |(_, behind)| behind);
        } else if name.trim_start_matches('/').starts_with("div") {
            // Attributes and bounds are on separate lines.
            text.push('\n');
        }
    }
    text.push_str(rest);
    // The symbol of a tooltip.
    decode(&text).replace('ⓘ', "")
}

fn decode(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
        // Decoded last, because it is part of escaped entities.
        ("&amp;", "&"),
    ];
    entities.iter().fold(text.to_owned(), |text, (entity, meant)| text.replace(entity, meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_omits_tags_and_labels() {
        let html = r##"<a class="src" href="#">f</a>(&amp;self) -&gt; Into<wbr>Zone<a class="tooltip">ⓘ</a>"##;
        assert_eq!(text(html), "f(&self) -> IntoZone");
        let html = "<details><summary class=\"hideme\"><span>Show 13 fields</span></summary>a: u8</details>";
        assert_eq!(text(html), "a: u8");
        assert_eq!(text("<div class=\"where\">where</div>"), "\nwhere\n");
    }

    #[test]
    fn text_between_strings_is_found() {
        assert_eq!(
            all_between("<i>a</i> b <i>c</i>", "<i>", "</i>").collect::<Vec<_>>(),
            ["a", "c"]
        );
        assert_eq!(attribute(r#"<a class="fn" href="fn.f.html">"#, "href"), Some("fn.f.html"));
    }
}
