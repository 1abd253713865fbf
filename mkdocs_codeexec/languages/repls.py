"""Interpreters whose consoles are known beforehand: how these are written, and the program that is each of them. Data only.

The prompts that stand in the programs are replaced by marks; what they set beside that is what keeps an interpreter, that
has no terminal, from behaving otherwise than with one.
"""

from __future__ import annotations

from mkdocs_codeexec.core.consoles import Dialect
from mkdocs_codeexec.core.settings import ReplSettings

IRB = ReplSettings(
    dialect=Dialect(
        prompts=("irb(main):001:0> ", "irb(main):001> ", ">> "),
        continuations=("irb(main):001:0* ", "irb(main):001:1> ", *(f"irb(main):001:0{sign} " for sign in "\"'/]`")),
        openings=(
            "?> ",
            *(f"irb(main):001:1{sign} " for sign in "*\"'/]`"),
            *(f"irb(main):001{sign} " for sign in "*\"'/]`"),
        ),
        error=r"\(irb\):\d+:.*(?:Error|Exception)\b|^\(irb\):\d+:in .*|^\(irb\):\d+: syntax error",
        lexer="rbcon",
    ),
    start="""\
require "irb"
proc do
  own = "#{__FILE__}:"
  IRB.setup(nil, argv: [])
  IRB.conf[:PROMPT][:CONSOLE] =
    {PROMPT_I: "{prompt}", PROMPT_N: "{more}", PROMPT_S: "{more}", PROMPT_C: "{more}", RETURN: "=> %s\\n"}
  IRB.conf.update(PROMPT_MODE: :CONSOLE, AUTO_INDENT: false, SAVE_HISTORY: nil, USE_PAGER: false, VERBOSE: false)
  hiding = Module.new { define_method(:filter_backtrace) { |line| line.include?(own) ? nil : super(line) } }
  IRB::WorkSpace.prepend(hiding)
  columns = ENV.fetch("COLUMNS", "80").to_i
  begin
    require "irb/color_printer"
    IRB::ColorPrinter.define_singleton_method(:screen_width) { columns }
  rescue LoadError  # of a Ruby without colours
  end
  input = Class.new(IRB::InputMethod) do
    def initialize = nil
    def file_name = "(irb)"

    def gets
      $stdout.print(@prompt)
      $stdout.flush
      $stdin.gets
    end

    define_method(:winsize) { [24, columns] }
    def encoding = $stdin.external_encoding
    def eof? = false
    def readable_after_eof? = false
  end
  $stdout.sync = true
  irb = IRB::Irb.new(nil, input.new)
  irb.context.define_singleton_method(:prompting?) { true }
  irb.run
end.call""",
)

NODE = ReplSettings(
    dialect=Dialect(
        prompts=("> ",),
        continuations=("... ", "..... ", "....... ", "| "),
        error=r"^Uncaught\b",
        lexer="nodejsrepl",
    ),
    start="""\
(() => {
  const useColors = require('tty').WriteStream.prototype.getColorDepth(process.env) > 1;
  const own = require('repl').start({prompt: '{prompt}', terminal: false, useGlobal: true, useColors});
  const show = own.prompt;
  own.prompt = function (...rest) {
    if (this.getPrompt() !== '{prompt}') require('readline').Interface.prototype.setPrompt.call(this, '{more}');
    return show.apply(this, rest);
  };
})();""",
)
