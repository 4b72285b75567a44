<?xml version="1.0" encoding="UTF-8"?>
<!-- The admission notice of mappings/lifecare, from FHIR to the record, as a stylesheet: for benchmarks/mapping.py. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:f="http://hl7.org/fhir"
                xmlns="https://discharge-adapter.example/lifecare/spu/1" exclude-result-prefixes="f">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>
  <xsl:strip-space elements="*"/>
  <xsl:key name="entry" match="/f:Bundle/f:entry" use="f:fullUrl/@value"/>

  <xsl:variable name="canonical" select="'https://discharge-adapter.example/fhir/'"/>
  <xsl:variable name="hsa" select="'urn:oid:1.2.752.29.4.19'"/>
  <xsl:variable name="resources" select="/f:Bundle/f:entry/f:resource"/>
  <xsl:variable name="header" select="$resources/f:MessageHeader"/>
  <xsl:variable name="own" select="$resources/f:Provenance[f:target/f:reference/@value = concat('urn:uuid:', $header/f:id/@value)]"/>
  <xsl:variable name="encounter" select="$resources/f:Encounter"/>
  <xsl:variable name="receiver" select="$header/f:destination/f:receiver/f:reference/@value"/>
  <xsl:variable name="tasks" select="$resources/f:Task[f:owner/f:reference/@value = $receiver]"/>

  <xsl:template match="/">
    <meddelande>
      <kuvert>
        <version>1</version>
        <meddelandeId><xsl:value-of select="$header/f:id/@value"/></meddelandeId>
        <xsl:call-template name="earlier">
          <xsl:with-param name="name" select="'foregaendeMeddelandeId'"/><xsl:with-param name="role" select="'derivation'"/>
        </xsl:call-template>
        <xsl:call-template name="earlier">
          <xsl:with-param name="name" select="'svarPaMeddelandeId'"/><xsl:with-param name="role" select="'source'"/>
        </xsl:call-template>
        <xsl:call-template name="earlier">
          <xsl:with-param name="name" select="'rattarMeddelandeId'"/><xsl:with-param name="role" select="'revision'"/>
        </xsl:call-template>
        <xsl:for-each select="$tasks[1]/f:groupIdentifier">
          <arendeId system="{f:system/@value}"><xsl:value-of select="f:value/@value"/></arendeId>
        </xsl:for-each>
        <typ>inskrivningsmeddelande</typ>
        <registrerad><xsl:value-of select="$own/f:recorded/@value"/></registrerad>
        <skickat><xsl:value-of select="/f:Bundle/f:timestamp/@value"/></skickat>
        <avsandare>
          <xsl:apply-templates select="key('entry', $header/f:sender/f:reference/@value)/f:resource/f:Organization"/>
          <xsl:for-each select="$header/f:source/f:name"><system><xsl:value-of select="@value"/></system></xsl:for-each>
          <adress><xsl:value-of select="$header/f:source/f:endpoint/@value"/></adress>
        </avsandare>
        <mottagare>
          <xsl:apply-templates select="key('entry', $receiver)/f:resource/f:Organization"/>
          <xsl:for-each select="$header/f:destination/f:name"><system><xsl:value-of select="@value"/></system></xsl:for-each>
          <adress><xsl:value-of select="$header/f:destination/f:endpoint/@value"/></adress>
        </mottagare>
      </kuvert>
      <xsl:apply-templates select="$resources/f:Patient"/>
      <inskrivningsmeddelande>
        <xsl:for-each select="$encounter/f:extension[@url = concat($canonical, 'StructureDefinition/estimated-discharge')]">
          <beraknadUtskrivning><xsl:value-of select="f:valueDateTime/@value"/></beraknadUtskrivning>
        </xsl:for-each>
        <vardtillfalle>
          <id system="{$encounter/f:identifier/f:system/@value}"><xsl:value-of select="$encounter/f:identifier/f:value/@value"/></id>
          <status>
            <xsl:choose>
              <xsl:when test="$encounter/f:status/@value = 'planned'">planerat</xsl:when>
              <xsl:when test="$encounter/f:status/@value = 'in-progress'">pagaende</xsl:when>
              <xsl:when test="$encounter/f:status/@value = 'onleave'">permission</xsl:when>
              <xsl:when test="$encounter/f:status/@value = 'finished'">avslutat</xsl:when>
              <xsl:when test="$encounter/f:status/@value = 'cancelled'">installt</xsl:when>
              <xsl:when test="$encounter/f:status/@value = 'entered-in-error'">felregistrerat</xsl:when>
              <xsl:otherwise><xsl:message terminate="yes">status</xsl:message></xsl:otherwise>
            </xsl:choose>
          </status>
        </vardtillfalle>
        <xsl:apply-templates select="$tasks"/>
      </inskrivningsmeddelande>
    </meddelande>
  </xsl:template>

  <xsl:template name="earlier">
    <xsl:param name="name"/>
    <xsl:param name="role"/>
    <xsl:for-each select="$own/f:entity[f:role/@value = $role]/f:what/f:identifier[f:system/@value = 'urn:ietf:rfc:3986']">
      <xsl:element name="{$name}"><xsl:value-of select="substring-after(f:value/@value, 'urn:uuid:')"/></xsl:element>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="f:Organization">
    <xsl:for-each select="f:identifier[f:system/@value = $hsa]"><hsaId><xsl:value-of select="f:value/@value"/></hsaId></xsl:for-each>
    <xsl:for-each select="f:identifier[f:system/@value = concat($canonical, 'sid/kommunkod')]">
      <kommunkod><xsl:value-of select="f:value/@value"/></kommunkod>
    </xsl:for-each>
    <xsl:for-each select="f:identifier[f:system/@value = 'urn:oid:2.5.4.97']"><orgnr><xsl:value-of select="f:value/@value"/></orgnr></xsl:for-each>
    <xsl:for-each select="f:name"><namn><xsl:value-of select="@value"/></namn></xsl:for-each>
  </xsl:template>

  <xsl:template match="f:Patient">
    <patient>
      <xsl:for-each select="f:identifier">
        <personId>
          <xsl:attribute name="typ">
            <xsl:choose>
              <xsl:when test="f:system/@value = 'http://electronichealth.se/identifier/personnummer'">personnummer</xsl:when>
              <xsl:when test="f:system/@value = 'http://electronichealth.se/identifier/samordningsnummer'">samordningsnummer</xsl:when>
              <xsl:otherwise>reservnummer</xsl:otherwise>
            </xsl:choose>
          </xsl:attribute>
          <xsl:value-of select="f:value/@value"/>
        </personId>
      </xsl:for-each>
      <namn>
        <efternamn><xsl:value-of select="f:name[1]/f:family/@value"/></efternamn>
        <xsl:for-each select="f:name[1]/f:given"><fornamn><xsl:value-of select="@value"/></fornamn></xsl:for-each>
      </namn>
      <xsl:for-each select="f:address">
        <adress>
          <xsl:attribute name="typ">
            <xsl:choose>
              <xsl:when test="f:extension//f:code/@value = '63381000052101'">folkbokforingsadress</xsl:when>
              <xsl:when test="f:extension//f:code/@value = '63391000052104'">sarskildPostadress</xsl:when>
              <xsl:otherwise>uppgivenAdress</xsl:otherwise>
            </xsl:choose>
          </xsl:attribute>
          <xsl:for-each select="f:line"><rad><xsl:value-of select="@value"/></rad></xsl:for-each>
          <xsl:for-each select="f:postalCode"><postnummer><xsl:value-of select="@value"/></postnummer></xsl:for-each>
          <xsl:for-each select="f:city"><postort><xsl:value-of select="@value"/></postort></xsl:for-each>
          <xsl:for-each select="f:country"><land><xsl:value-of select="@value"/></land></xsl:for-each>
        </adress>
      </xsl:for-each>
      <xsl:for-each select="f:meta/f:security"><skyddsmarkering><xsl:value-of select="f:code/@value"/></skyddsmarkering></xsl:for-each>
    </patient>
  </xsl:template>

  <xsl:template match="f:Task">
    <uppgift>
      <uppgiftId system="{f:identifier/f:system/@value}"><xsl:value-of select="f:identifier/f:value/@value"/></uppgiftId>
      <status>
        <xsl:choose>
          <xsl:when test="f:status/@value = 'requested'">begard</xsl:when>
          <xsl:when test="f:status/@value = 'received'">mottagen</xsl:when>
          <xsl:when test="f:status/@value = 'accepted'">accepterad</xsl:when>
          <xsl:when test="f:status/@value = 'rejected'">avvisad</xsl:when>
          <xsl:when test="f:status/@value = 'in-progress'">pagaende</xsl:when>
          <xsl:when test="f:status/@value = 'completed'">utford</xsl:when>
          <xsl:when test="f:status/@value = 'cancelled'">avbruten</xsl:when>
          <xsl:otherwise><xsl:message terminate="yes">status</xsl:message></xsl:otherwise>
        </xsl:choose>
      </status>
      <kod>
        <xsl:choose>
          <xsl:when test="f:code/f:coding/f:code/@value = 'receive-patient'">mottagande</xsl:when>
          <xsl:when test="f:code/f:coding/f:code/@value = 'participate-in-sip'">delta-sip</xsl:when>
          <xsl:otherwise><xsl:message terminate="yes">kod</xsl:message></xsl:otherwise>
        </xsl:choose>
      </kod>
      <xsl:for-each select="f:code/f:text"><rubrik><xsl:value-of select="@value"/></rubrik></xsl:for-each>
      <xsl:for-each select="f:description"><beskrivning><xsl:value-of select="@value"/></beskrivning></xsl:for-each>
      <skapad><xsl:value-of select="f:authoredOn/@value"/></skapad>
      <xsl:for-each select="f:lastModified"><andrad><xsl:value-of select="@value"/></andrad></xsl:for-each>
      <xsl:for-each select="f:restriction/f:period/f:end"><svaraSenast><xsl:value-of select="@value"/></svaraSenast></xsl:for-each>
      <bestallare><xsl:apply-templates select="key('entry', f:requester/f:reference/@value)/f:resource/f:Organization"/></bestallare>
      <utforare><xsl:apply-templates select="key('entry', f:owner/f:reference/@value)/f:resource/f:Organization"/></utforare>
    </uppgift>
  </xsl:template>
</xsl:stylesheet>
