"""Workbooks with pictures, charts, comments and other things that lie on a sheet."""

from __future__ import annotations

from .book import (
    BOOK,
    COMPATIBILITY,
    DRAWING,
    EXCEL,
    HEAD,
    MAIN,
    RELATIONSHIPS,
    SHEET1,
    SML,
    X14,
    Book,
    picture,
    resident,
    worksheet,
)

_XDR = f'xmlns:xdr="{DRAWING}/spreadsheetDrawing" xmlns:a="{DRAWING}/main" xmlns:r="{RELATIONSHIPS}"'
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.drawing+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"


def anchored(inner: str) -> str:
    """A drawing of one thing."""
    corner = "<xdr:col>{0}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{1}</xdr:row><xdr:rowOff>0</xdr:rowOff>"
    return (
        f"{HEAD}<xdr:wsDr {_XDR}><xdr:twoCellAnchor><xdr:from>{corner.format(5, 1)}</xdr:from>"
        f"<xdr:to>{corner.format(11, 14)}</xdr:to>{inner}<xdr:clientData/></xdr:twoCellAnchor></xdr:wsDr>"
    )


def framed(rel: str) -> str:
    """A chart within a drawing."""
    chart = f'<c:chart xmlns:c="{DRAWING}/chart" r:id="{rel}"/>'
    return (
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="2" name="Chart 1"/><xdr:cNvGraphicFramePr/>'
        '</xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm><a:graphic>'
        f'<a:graphicData uri="{DRAWING}/chart">{chart}</a:graphicData></a:graphic></xdr:graphicFrame>'
    )


def pictured(rel: str) -> str:
    """A picture within a drawing."""
    return (
        '<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="Logo"/><xdr:cNvPicPr/></xdr:nvPicPr><xdr:blipFill>'
        f'<a:blip r:embed="{rel}"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill><xdr:spPr>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic>'
    )


def bar_chart() -> str:
    """A bar chart over the flag types."""
    return (
        f'{HEAD}<c:chartSpace xmlns:c="{DRAWING}/chart" xmlns:a="{DRAWING}/main" xmlns:r="{RELATIONSHIPS}"><c:chart>'
        '<c:plotArea><c:layout/><c:barChart><c:barDir val="col"/><c:grouping val="clustered"/><c:varyColors val="0"/>'
        '<c:ser><c:idx val="0"/><c:order val="0"/><c:invertIfNegative val="0"/><c:val><c:numRef>'
        '<c:f>\'Flag edits\'!$B$2:$B$4</c:f></c:numRef></c:val></c:ser><c:axId val="11"/><c:axId val="12"/>'
        "</c:barChart>"
        '<c:catAx><c:axId val="11"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/>'
        '<c:axPos val="b"/><c:crossAx val="12"/></c:catAx><c:valAx><c:axId val="12"/><c:scaling>'
        '<c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="l"/><c:crossAx val="11"/></c:valAx>'
        '</c:plotArea><c:plotVisOnly val="1"/></c:chart></c:chartSpace>'
    )


def vml(kind: str, shape: str, data: str = "") -> str:
    """An old drawing, which comments, buttons and pictures in headers still need."""
    client = f'<x:ClientData ObjectType="{kind}">{data}</x:ClientData>' if kind else ""
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
        '</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
        'path="m,l,21600r21600,l21600,xe"/><v:shape id="_x0000_s1025" type="#_x0000_t202" '
        f'style="position:absolute;width:108pt;height:59pt;visibility:hidden">{shape}{client}</v:shape></xml>'
    )


def drawn(book: Book, drawing: str, owner: str = SHEET1) -> Book:
    """Add a drawing to the sheet, whose content says where."""
    book.add("xl/drawings/drawing1.xml", drawing, _DRAWING_TYPE, owner, "drawing")
    return book


def with_comment(book: Book, author: str = "Ann", text: str = "Is this the list of August?") -> Book:
    """Add a comment on A2."""
    book.defaults["vml"] = _VML_TYPE
    book.add("xl/drawings/vmlDrawing1.vml", vml("Note", "", "<x:Row>1</x:Row><x:Column>0</x:Column>"))
    book.relate(SHEET1, "vmlDrawing", "/xl/drawings/vmlDrawing1.vml")
    comments = (
        f'{HEAD}<comments xmlns="{MAIN}"><authors><author>{author}</author></authors><commentList>'
        f'<comment ref="A2" authorId="0"><text><r><t>{text}</t></r></text></comment></commentList></comments>'
    )
    book.add("xl/comments1.xml", comments, f"{SML}comments+xml", SHEET1, "comments")
    return book


@resident("a bar chart with its own colours beside the rows")
def charts() -> bytes:
    book = drawn(Book(worksheet(after='<drawing r:id="rId1"/>')), anchored(framed("rId1")))
    book.add(
        "xl/charts/chart1.xml",
        bar_chart(),
        "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
        "xl/drawings/drawing1.xml",
        "chart",
    )
    colours = "http://schemas.microsoft.com/office/drawing/2012/chartStyle"
    book.add(
        "xl/charts/colors1.xml",
        f'{HEAD}<cs:colorStyle xmlns:cs="{colours}" xmlns:a="{DRAWING}/main" meth="cycle" id="10">'
        '<a:schemeClr val="accent1"/></cs:colorStyle>',
        "application/vnd.ms-office.chartcolorstyle+xml",
        "xl/charts/chart1.xml",
        "http://schemas.microsoft.com/office/2011/relationships/chartColorStyle",
    )
    return book.zipped()


@resident("a picture on the sheet")
def images() -> bytes:
    book = drawn(Book(worksheet(after='<drawing r:id="rId1"/>')), anchored(pictured("rId1")))
    book.defaults["png"] = "image/png"
    book.add("xl/media/image1.png", picture(), owner="xl/drawings/drawing1.xml", kind="image")
    return book.zipped()


@resident("comments of the old kind")
def comments() -> bytes:
    return with_comment(Book(worksheet(after='<legacyDrawing r:id="rId1"/>'))).zipped()


@resident("comments that are threads, with their persons")
def threaded_comments() -> bytes:
    ident = "{0F0F0F0F-1111-4222-8333-444444444444}"
    book = with_comment(
        Book(worksheet(after='<legacyDrawing r:id="rId1"/>')), f"tc={ident}", "[Threaded comment] Is this right?"
    )
    space = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    person = "{5A5A5A5A-1111-4222-8333-444444444444}"
    book.add(
        "xl/threadedComments/threadedComment1.xml",
        f'{HEAD}<ThreadedComments xmlns="{space}"><threadedComment ref="A2" dT="2026-11-20T08:00:00.00" '
        f'personId="{person}" id="{ident}"><text>Is this right?</text></threadedComment></ThreadedComments>',
        f"{EXCEL}threadedcomments+xml",
        SHEET1,
        "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment",
    )
    book.add(
        "xl/persons/person.xml",
        f'{HEAD}<personList xmlns="{space}"><person displayName="Ann" id="{person}" userId="ann" providerId="None"/>'
        "</personList>",
        f"{EXCEL}person+xml",
        BOOK,
        "http://schemas.microsoft.com/office/2017/10/relationships/person",
    )
    return book.zipped()


@resident("a picture in the printed header")
def header_image() -> bytes:
    after = '<headerFooter><oddHeader>&amp;L&amp;G</oddHeader></headerFooter><legacyDrawingHF r:id="rId1"/>'
    book = Book(worksheet(after=after))
    book.defaults |= {"vml": _VML_TYPE, "png": "image/png"}
    shape = '<v:imagedata o:relid="rId1" o:title="logo"/>'
    book.add("xl/drawings/vmlDrawing1.vml", vml("", shape), owner=SHEET1, kind="vmlDrawing")
    book.add("xl/media/image1.png", picture(), owner="xl/drawings/vmlDrawing1.vml", kind="image")
    return book.zipped()


@resident("a check box")
def form_controls() -> bytes:
    choice = '<control shapeId="1025" r:id="rId2" name="Check Box 1"/>'
    after = (
        '<legacyDrawing r:id="rId1"/>'
        f'<mc:AlternateContent xmlns:mc="{COMPATIBILITY}"><mc:Choice Requires="x14">'
        f"<controls>{choice}</controls></mc:Choice></mc:AlternateContent>"
    )
    x14 = ' xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"'
    book = Book(worksheet(after=after, more=x14))
    book.defaults["vml"] = _VML_TYPE
    book.add("xl/drawings/vmlDrawing1.vml", vml("Checkbox", ""), owner=SHEET1, kind="vmlDrawing")
    book.add(
        "xl/ctrlProps/ctrlProp1.xml",
        f'{HEAD}<formControlPr xmlns="{X14}" objectType="CheckBox" checked="Checked" lockText="1"/>',
        f"{EXCEL}controlproperties+xml",
        SHEET1,
        "ctrlProp",
    )
    return book.zipped()


@resident("a file embedded as an object")
def embedded_object() -> bytes:
    after = (
        '<legacyDrawing r:id="rId1"/><oleObjects><oleObject progId="Package" shapeId="1025" r:id="rId2"/></oleObjects>'
    )
    book = Book(worksheet(after=after))
    book.defaults |= {"vml": _VML_TYPE, "bin": "application/vnd.openxmlformats-officedocument.oleObject"}
    book.add("xl/drawings/vmlDrawing1.vml", vml("Pict", ""), owner=SHEET1, kind="vmlDrawing")
    book.add("xl/embeddings/oleObject1.bin", bytes(range(256)) * 4, owner=SHEET1, kind="oleObject")
    return book.zipped()


@resident("a sheet that is nothing but a chart")
def chartsheet() -> bytes:
    book = Book()
    part = book.add_sheet(
        "Chart",
        f'{HEAD}<chartsheet xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}"><sheetViews><sheetView workbookViewId="0"/>'
        '</sheetViews><drawing r:id="rId1"/></chartsheet>',
        "chartsheet",
    )
    whole = (
        f'{HEAD}<xdr:wsDr {_XDR}><xdr:absoluteAnchor><xdr:pos x="0" y="0"/><xdr:ext cx="9000000" cy="6000000"/>'
        f"{framed('rId1')}<xdr:clientData/></xdr:absoluteAnchor></xdr:wsDr>"
    )
    drawn(book, whole, part)
    book.add(
        "xl/charts/chart1.xml",
        bar_chart(),
        "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
        "xl/drawings/drawing1.xml",
        "chart",
    )
    return book.zipped()


@resident("a drop-down of form controls, drawn boxes and a line, as Excel wraps them for older versions")
def shapes() -> bytes:
    box = (
        '<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="2" name="Box"/><xdr:cNvSpPr txBox="1"/></xdr:nvSpPr>'
        '<xdr:spPr><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr><xdr:txBody><a:bodyPr/><a:p><a:r>'
        "<a:t>Send by Friday</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
    )
    return drawn(Book(worksheet(after='<drawing r:id="rId1"/>')), anchored(box)).zipped()
