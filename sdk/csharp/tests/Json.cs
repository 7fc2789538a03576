// As much of JSON as testdata/frames/cases.json has: Mono's own reader is not part of every installation.
using System;
using System.Collections.Generic;

sealed class Json
{
    private readonly string text;
    private int at;

    private Json(string text) { this.text = text; }

    // Objects are Dictionary<string, object>, lists List<object>, numbers ulong, texts string.
    public static object Read(string text) { return new Json(text).Value(); }

    private char Peek()
    {
        while (char.IsWhiteSpace(text[at])) at++;
        return text[at];
    }

    private bool Take(char wanted)
    {
        if (Peek() != wanted) return false;
        at++;
        return true;
    }

    private void Must(char wanted)
    {
        if (!Take(wanted)) throw new FormatException("expected " + wanted + " at " + at);
    }

    private object Value()
    {
        if (Take('{'))
        {
            var members = new Dictionary<string, object>();
            while (!Take('}'))
            {
                var key = (string)Value();
                Must(':');
                members.Add(key, Value());
                if (Peek() != '}') Must(',');
            }
            return members;
        }
        if (Take('['))
        {
            var items = new List<object>();
            while (!Take(']'))
            {
                items.Add(Value());
                if (Peek() != ']') Must(',');
            }
            return items;
        }
        var start = at;
        if (Take('"'))
        {
            start = at;
            at = text.IndexOf('"', at) + 1;
            var found = text.Substring(start, at - 1 - start);
            if (found.IndexOf('\\') >= 0) throw new FormatException("an escape at " + start);
            return found;
        }
        if (string.CompareOrdinal(text, at, "null", 0, 4) == 0)
        {
            at += 4;
            return null;
        }
        while (char.IsDigit(text[at])) at++;
        return ulong.Parse(text.Substring(start, at - start));
    }
}
