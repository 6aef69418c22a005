"""The table of the docs, made from a run."""

import datetime

BEGIN = "<!-- Made by `.ci/clients --table`: begin -->\n"
END = "<!-- end -->\n"


def write_table(file, groups, checks, clients, untested):
    """Replaces what is between BEGIN and END in a file."""
    before, rest = file.read_text().split(BEGIN)
    after = rest.split(END)[1]
    file.write_text(f"{before}{BEGIN}\n{table(groups, checks, clients, untested)}\n{END}{after}")


def table(groups, checks, clients, untested):
    lines = [f"Run on {datetime.date.today()}. A number is a limit of the client, see below.", ""]
    lines.append(row(["client", "version", *groups.values()]))
    lines.append(row(["---"] * (len(groups) + 2)))
    limits = []
    for client in clients:
        cells = []
        for group in groups:
            numbers = []
            for check, about in checks.items():
                if about["group"] == group and (limit := client.limits.get(check)):
                    numbers.append(number_of(limit, client, limits))
            cells.append(", ".join(dict.fromkeys(numbers)) or "yes")
        lines.append(row([client.title, client.version, *cells]))
    for one in untested.values():
        lines.append(row([one["title"], "not run", *[""] * len(groups)]))
    lines += ["", *[f"{one['title']}: {one['why']}" for one in untested.values()], ""]
    lines += [row(["", "limit", "what helps", "clients"]), row(["--:", "---", "---", "---"])]
    for number, (why, help_, names) in enumerate(limits, 1):
        names = ", ".join(dict.fromkeys(names))
        lines.append(row([str(number), why, help_, names]))
    return "\n".join(lines) + "\n"


def number_of(limit, client, limits):
    """The number of a limit's text, which several clients may have."""
    text = (limit["why"], limit.get("help", ""))
    name = f"{client.title} {client.version}"
    for number, (why, help_, names) in enumerate(limits, 1):
        if (why, help_) == text:
            names.append(name)
            return str(number)
    limits.append((*text, [name]))
    return str(len(limits))


def row(cells):
    return f"| {' | '.join(cells)} |"
