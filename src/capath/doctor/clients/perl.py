"""Perl's LWP: the file that the module names, or PERL_LWP_SSL_CA_FILE and PERL_LWP_SSL_CA_PATH."""

from __future__ import annotations

import re

from capath.doctor.asking import UNUSABLE, default_place, usual_place, variable_place
from capath.doctor.machine import Machine
from capath.doctor.place import Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads, Variable

# Debian's module names a file in its source. Others ask IO::Socket::SSL, whose answer is printed too.
_ABOUT = (
    'print "LWP ", LWP->VERSION, "\\n"; my %ca = IO::Socket::SSL::default_ca();'
    ' print map { "$_=$ca{$_}\\n" } grep { defined $ca{$_} } sort keys %ca;'
    ' open my $f, "<", $INC{"LWP/Protocol/https.pm"}; print "source $_" for grep { /SSL_ca_file\\} *=/ } <$f>;'
)
_CONNECT = (
    "my $r = LWP::UserAgent->new(max_size => 1000)->get($ARGV[0]); print $r->status_line;"
    ' exit(($r->header("Client-Warning") // "") eq "Internal response" ? 1 : 0);'
)
_FILES, _DIRECTORIES = ("PERL_LWP_SSL_CA_FILE", "HTTPS_CA_FILE"), ("PERL_LWP_SSL_CA_PATH", "HTTPS_CA_DIR")


def _read(machine: Machine, found: Identified) -> Reads:
    chosen = [
        variable_place(machine, next(filter(machine.get, names)), shape)
        for names, shape in ((_FILES, Shape.BUNDLE), (_DIRECTORIES, Shape.HASHED))
        if any(map(machine.get, names))
    ]
    named = re.search(r"^source .*= *['\"](/[^'\"]+)", found.output, re.MULTILINE)
    named = named or re.search(r"^SSL_ca_file=(/.*)$", found.output, re.MULTILINE)
    default = default_place(named[1]) if named else usual_place()
    return Reads(tuple(chosen) or (default,), title=f"perl LWP {found.version}".rstrip())


CLIENT = Client(
    "perl",
    ("-MLWP", "-MLWP::Protocol::https", "-MIO::Socket::SSL", "-e", _ABOUT),
    r"^LWP (\d\S*)|Can't locate (?:LWP|IO)",
    _read,
    Question(
        ("-MLWP::UserAgent", "-e", _CONNECT, "{url}"),
        refused=r"certificate verify failed|hostname verification failed|can't be used|SSL_ca_path .* not exist",
    ),
    Profile(partial_chain=True),
    UNUSABLE,
    variables=(Variable("PERL_LWP_SSL_CA_FILE"),),
)
