// Finds the conditions of Swift sources, for scripts/mutate: one line of JSON for each, on standard output.
//
// It reads with SwiftParser, the compiler's own grammar, as the toolchain ships it for macros (usr/lib/swift/host). So
// there is no package to fetch and build, no second idea of what a condition is (as a tokenizer in Python would be), and
// the parser is always as new as the language. scripts/mutate compiles this file alone; it is part of no target.

import Foundation
import SwiftOperators
import SwiftParser
import SwiftSyntax

/// Where a condition stands, in octets of the file.
struct Site: Hashable {
    var start: Int
    var end: Int
}

/// Collects each single condition once: what `if`, `guard`, `while`, `where` and `? :` ask, the operands of `&&` and
/// `||`, comparisons wherever they are, and what functions and properties of type `Bool` return. Of `a && !b` these are
/// `a` and `b`. Bindings (`if let`) and patterns (`if case`) are no conditions; neither are the literals `true` and
/// `false`, which the compiler wants to see.
final class Conditions: SyntaxVisitor {
    private(set) var found: [Site: ExprSyntax] = [:]

    private static let comparisons: Set = ["==", "!=", "<", ">", "<=", ">=", "===", "!==", "~="]

    override func visit(_ node: IfConfigClauseSyntax) -> SyntaxVisitorContinueKind {
        // What `#if` asks is not ours to change.
        if let elements = node.elements { walk(elements) }
        return .skipChildren
    }

    override func visit(_ node: AttributeSyntax) -> SyntaxVisitorContinueKind { .skipChildren }

    override func visit(_ node: ConditionElementSyntax) -> SyntaxVisitorContinueKind {
        if case .expression(let condition) = node.condition { add(condition) }
        return .visitChildren
    }

    override func visit(_ node: WhereClauseSyntax) -> SyntaxVisitorContinueKind {
        add(node.condition)
        return .visitChildren
    }

    override func visit(_ node: RepeatStmtSyntax) -> SyntaxVisitorContinueKind {
        add(node.condition)
        return .visitChildren
    }

    override func visit(_ node: TernaryExprSyntax) -> SyntaxVisitorContinueKind {
        add(node.condition)
        return .visitChildren
    }

    override func visit(_ node: InfixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
        if let name = node.operator.as(BinaryOperatorExprSyntax.self)?.operator.text {
            if name == "&&" || name == "||" || Self.comparisons.contains(name) { add(ExprSyntax(node)) }
        }
        return .visitChildren
    }

    override func visit(_ node: PrefixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
        if node.operator.text == "!" { add(node.expression) }
        return .visitChildren
    }

    override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind {
        if let body = node.body, isBool(node.signature.returnClause?.type) { addResults(of: body.statements) }
        return .visitChildren
    }

    override func visit(_ node: PatternBindingSyntax) -> SyntaxVisitorContinueKind {
        guard isBool(node.typeAnnotation?.type), let block = node.accessorBlock else { return .visitChildren }
        addGetter(block)
        return .visitChildren
    }

    override func visit(_ node: SubscriptDeclSyntax) -> SyntaxVisitorContinueKind {
        if isBool(node.returnClause.type), let block = node.accessorBlock { addGetter(block) }
        return .visitChildren
    }

    private func isBool(_ type: TypeSyntax?) -> Bool { type?.trimmedDescription == "Bool" }

    private func addGetter(_ block: AccessorBlockSyntax) {
        switch block.accessors {
        case .getter(let statements): addResults(of: statements)
        case .accessors(let accessors):
            for accessor in accessors where accessor.accessorSpecifier.text == "get" {
                if let body = accessor.body { addResults(of: body.statements) }
            }
        default: break
        }
    }

    /// What a body of type `Bool` returns: by `return`, or as its only expression.
    private func addResults(of statements: CodeBlockItemListSyntax) {
        let returns = Returns(viewMode: .sourceAccurate)
        returns.walk(statements)
        for value in returns.values { addValue(value) }
        if let only = statements.first, statements.count == 1 { addOnly(only) }
    }

    private func addOnly(_ statement: CodeBlockItemSyntax) {
        if let expression = statement.item.as(ExprSyntax.self) {
            addValue(expression)
        } else if let expression = statement.item.as(ExpressionStmtSyntax.self)?.expression {
            addValue(expression)
        }
    }

    private func addValue(_ expression: ExprSyntax) {
        if let branches = expression.as(IfExprSyntax.self) {
            if let only = branches.body.statements.first, branches.body.statements.count == 1 { addOnly(only) }
            switch branches.elseBody {
            case .ifExpr(let next): addValue(ExprSyntax(next))
            case .codeBlock(let block):
                if let only = block.statements.first, block.statements.count == 1 { addOnly(only) }
            default: break
            }
        } else if let cases = expression.as(SwitchExprSyntax.self) {
            for element in cases.cases {
                guard let one = element.as(SwitchCaseSyntax.self), one.statements.count == 1 else { continue }
                if let only = one.statements.first { addOnly(only) }
            }
        } else {
            add(expression)
        }
    }

    /// Adds the single conditions of which a condition is made.
    private func add(_ expression: ExprSyntax) {
        if let tuple = expression.as(TupleExprSyntax.self), tuple.elements.count == 1,
            let element = tuple.elements.first, element.label == nil
        {
            return add(element.expression)
        }
        if let inner = expression.as(TryExprSyntax.self), inner.questionOrExclamationMark == nil {
            return add(inner.expression)
        }
        if let inner = expression.as(AwaitExprSyntax.self) { return add(inner.expression) }
        if let inner = expression.as(PrefixOperatorExprSyntax.self), inner.operator.text == "!" {
            return add(inner.expression)
        }
        if let choice = expression.as(TernaryExprSyntax.self) {
            add(choice.condition)
            add(choice.thenExpression)
            return add(choice.elseExpression)
        }
        if let infix = expression.as(InfixOperatorExprSyntax.self),
            let name = infix.operator.as(BinaryOperatorExprSyntax.self)?.operator.text, name == "&&" || name == "||"
        {
            add(infix.leftOperand)
            return add(infix.rightOperand)
        }
        if expression.is(BooleanLiteralExprSyntax.self) || expression.is(IfExprSyntax.self)
            || expression.is(SwitchExprSyntax.self) || expression.is(MacroExpansionExprSyntax.self)
        {
            return
        }
        let site = Site(
            start: expression.positionAfterSkippingLeadingTrivia.utf8Offset,
            end: expression.endPositionBeforeTrailingTrivia.utf8Offset)
        found[site] = expression
    }
}

/// The values of a body's own `return` statements, not those of functions and closures inside it.
final class Returns: SyntaxVisitor {
    private(set) var values: [ExprSyntax] = []

    override func visit(_ node: ReturnStmtSyntax) -> SyntaxVisitorContinueKind {
        if let value = node.expression { values.append(value) }
        return .visitChildren
    }

    override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
    override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
    override func visit(_ node: AccessorDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
}

/// The declarations around a node, outermost first: `JSONParser.number`.
func declaration(around node: ExprSyntax) -> String {
    var names: [String] = []
    var next = node.parent
    while let each = next {
        if let function = each.as(FunctionDeclSyntax.self) {
            names.append(function.name.text)
        } else if each.is(InitializerDeclSyntax.self) {
            names.append("init")
        } else if each.is(DeinitializerDeclSyntax.self) {
            names.append("deinit")
        } else if each.is(SubscriptDeclSyntax.self) {
            names.append("subscript")
        } else if let binding = each.as(PatternBindingSyntax.self), isMember(binding) {
            names.append(binding.pattern.trimmedDescription)
        } else if let type = each.asProtocol((any NamedDeclSyntax).self), each.isProtocol((any DeclGroupSyntax).self) {
            names.append(type.name.text)
        } else if let type = each.as(ExtensionDeclSyntax.self) {
            names.append(type.extendedType.trimmedDescription)
        }
        next = each.parent
    }
    return names.reversed().joined(separator: ".")
}

/// A property or a global, not a variable inside a function.
func isMember(_ binding: PatternBindingSyntax) -> Bool {
    guard let holder = binding.parent?.parent?.parent else { return false }
    if holder.is(MemberBlockItemSyntax.self) { return true }
    return holder.is(CodeBlockItemSyntax.self) && holder.parent?.parent?.is(SourceFileSyntax.self) == true
}

/// One line of the output. Offsets count octets of the file.
struct Found: Encodable {
    var file: String
    var line: Int
    var lastLine: Int
    var start: Int
    var end: Int
    var declaration: String
    var condition: String
}

let encoder = JSONEncoder()
for path in CommandLine.arguments.dropFirst() {
    let source = try String(contentsOfFile: path, encoding: .utf8)
    let tree = OperatorTable.standardOperators.foldAll(Parser.parse(source: source)) { _ in }
    let places = SourceLocationConverter(fileName: path, tree: tree)
    let conditions = Conditions(viewMode: .sourceAccurate)
    conditions.walk(tree)
    for (site, node) in conditions.found.sorted(by: { ($0.key.start, $1.key.end) < ($1.key.start, $0.key.end) }) {
        let found = Found(
            file: path, line: places.location(for: node.positionAfterSkippingLeadingTrivia).line,
            lastLine: places.location(for: node.endPositionBeforeTrailingTrivia).line, start: site.start, end: site.end,
            declaration: declaration(around: node), condition: node.trimmedDescription)
        print(String(decoding: try encoder.encode(found), as: UTF8.self))
    }
}
