"""Results set aside after the close (撤销成交): on a ground of 法释〔2016〕18号 art. 31, by two people, money back."""
